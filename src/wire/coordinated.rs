//! A coordinated failover's words: the transaction that makes a master hand over to one of its
//! replicas by its own FAILOVER while its writers wait, and the ones that let them go on.
//!
//! A server has FAILOVER from Redis 6.2 on. Its own answer decides whether it can do it.

use super::command::{Renames, write};
use super::frame::{Frame, shown};
use super::transaction;
use super::types::{HandOverOutcome, TransactionOutcome};

/// How many requests the transaction that begins it is.
pub const COMMANDS: usize = 4;
/// How many requests the transaction that ends it is.
pub const RELEASE_COMMANDS: usize = 6;

const NAMES: [&str; COMMANDS] = ["MULTI", "CLIENT PAUSE", "FAILOVER", "EXEC"];

const RELEASE_NAMES: [&str; RELEASE_COMMANDS] = [
    "MULTI",
    "CONFIG REWRITE",
    "CLIENT KILL",
    "CLIENT KILL",
    "CLIENT UNPAUSE",
    "EXEC",
];

/// Appends `MULTI`, `CLIENT PAUSE <ms> WRITE`, `FAILOVER TO <host> <port> TIMEOUT <ms>`, `EXEC`.
/// `ms` is both how long writers wait at most and how long the server waits for the replica to
/// catch up. FAILOVER holds writes back by itself; the pause goes on behind the handover, until the
/// clients have been sent away.
pub fn encode(words: &Renames, host: &str, port: u16, ms: u64, out: &mut Vec<u8>) {
    let ms = ms.to_string();
    let port = port.to_string();
    write(words, "MULTI", &[], out);
    write(words, "CLIENT", &[b"PAUSE", ms.as_bytes(), b"WRITE"], out);
    let to = [
        &b"TO"[..],
        host.as_bytes(),
        port.as_bytes(),
        b"TIMEOUT",
        ms.as_bytes(),
    ];
    write(words, "FAILOVER", &to, out);
    write(words, "EXEC", &[], out);
}

/// Judges the four replies.
pub fn outcome(replies: &[Frame]) -> HandOverOutcome {
    match transaction::judge(&NAMES, 2, replies) {
        TransactionOutcome::Accepted => HandOverOutcome::Begun,
        // What was executed of it is the pause alone.
        TransactionOutcome::Refused(why) => HandOverOutcome::Refused {
            why,
            paused: !matches!(
                transaction::judge(&NAMES, 1, replies),
                TransactionOutcome::Refused(_)
            ),
        },
        TransactionOutcome::Unclear(why) => HandOverOutcome::Unclear(why),
    }
}

/// Appends `MULTI`, `CONFIG REWRITE`, `CLIENT KILL TYPE normal`, `CLIENT KILL TYPE pubsub`,
/// `CLIENT UNPAUSE`, `EXEC`: what each of the two servers is told once the handover is proved. The
/// clients come back by asking who the master is.
pub fn encode_release(words: &Renames, out: &mut Vec<u8>) {
    write(words, "MULTI", &[], out);
    write(words, "CONFIG", &[b"REWRITE"], out);
    write(words, "CLIENT", &[b"KILL", b"TYPE", b"normal"], out);
    write(words, "CLIENT", &[b"KILL", b"TYPE", b"pubsub"], out);
    encode_unpause(words, out);
    write(words, "EXEC", &[], out);
}

/// Judges the six replies: whether writers go on.
pub fn released(replies: &[Frame]) -> Result<(), String> {
    match transaction::judge(&RELEASE_NAMES, 4, replies) {
        TransactionOutcome::Accepted => Ok(()),
        TransactionOutcome::Refused(why) | TransactionOutcome::Unclear(why) => Err(why),
    }
}

/// Appends `CLIENT UNPAUSE`.
pub fn encode_unpause(words: &Renames, out: &mut Vec<u8>) {
    write(words, "CLIENT", &[b"UNPAUSE"], out);
}

/// Reads its reply.
pub fn unpaused(reply: &Frame) -> Result<(), String> {
    match reply {
        Frame::Status(_) => Ok(()),
        Frame::Error(text) => Err(shown(text)),
        other => Err(format!("unexpected reply: {}", other.kind())),
    }
}

#[cfg(test)]
mod tests {
    use super::super::transaction::scripted::frame;
    use super::*;

    fn judged(replies: [&str; 4]) -> HandOverOutcome {
        outcome(&replies.map(frame))
    }

    fn refused(why: &str, paused: bool) -> HandOverOutcome {
        let why = why.to_owned();
        HandOverOutcome::Refused { why, paused }
    }

    const Q: &str = "+QUEUED";
    const ABORT: &str = "-EXECABORT Transaction discarded because of previous errors.";

    #[test]
    fn writers_are_paused_and_the_master_hands_over_in_one_transaction() {
        let mut out = Vec::new();
        encode(&Renames::new(), "10.0.0.9", 6380, 19000, &mut out);
        let expected = "*1\r\n$5\r\nMULTI\r\n\
            *4\r\n$6\r\nCLIENT\r\n$5\r\nPAUSE\r\n$5\r\n19000\r\n$5\r\nWRITE\r\n\
            *6\r\n$8\r\nFAILOVER\r\n$2\r\nTO\r\n$8\r\n10.0.0.9\r\n$4\r\n6380\r\n\
            $7\r\nTIMEOUT\r\n$5\r\n19000\r\n\
            *1\r\n$4\r\nEXEC\r\n";
        assert_eq!(String::from_utf8(out).unwrap(), expected);
    }

    #[test]
    fn renamed_words_are_used() {
        let words = Renames::from([
            ("FAILOVER".into(), "fo".into()),
            ("CLIENT".into(), "cl".into()),
        ]);
        let mut out = Vec::new();
        encode(&words, "h", 1, 2, &mut out);
        encode_unpause(&words, &mut out);
        let text = String::from_utf8(out).unwrap();
        assert!(
            !text.contains("CLIENT") && !text.contains("FAILOVER"),
            "{text}"
        );
    }

    #[test]
    fn the_clients_are_sent_away_before_writers_go_on() {
        let mut out = Vec::new();
        encode_release(&Renames::new(), &mut out);
        let text = String::from_utf8(out).unwrap();
        let at = |word: &str| text.find(word).unwrap();
        assert!(at("MULTI") < at("REWRITE") && at("REWRITE") < at("normal"));
        assert!(at("normal") < at("pubsub") && at("pubsub") < at("UNPAUSE"));
        assert!(at("UNPAUSE") < at("EXEC"));
    }

    #[test]
    fn failover_ok_inside_exec_has_begun() {
        assert_eq!(judged(["+OK", Q, Q, "[+OK,+OK]"]), HandOverOutcome::Begun);
    }

    #[test]
    fn a_server_without_failover_or_permission_for_it_refuses_and_pauses_nobody() {
        let unknown = "-ERR unknown command 'FAILOVER', with args beginning with: 'TO'";
        assert_eq!(
            judged(["+OK", Q, unknown, ABORT]),
            refused(&format!("FAILOVER: {}", &unknown[1..]), false)
        );
        let noperm = "-NOPERM this user has no permissions to run the 'client|pause' command";
        assert_eq!(
            judged(["+OK", noperm, Q, ABORT]),
            refused(&format!("CLIENT PAUSE: {}", &noperm[1..]), false)
        );
        assert!(matches!(
            judged(["-NOAUTH x"; 4]),
            HandOverOutcome::Refused { paused: false, .. }
        ));
    }

    #[test]
    fn a_failover_refused_by_the_server_itself_leaves_its_writers_paused() {
        let no = "-ERR FAILOVER target replica is not online.";
        assert_eq!(
            judged([
                "+OK",
                Q,
                Q,
                "[+OK,-ERR FAILOVER target replica is not online.]"
            ]),
            refused(&format!("FAILOVER: {}", &no[1..]), true)
        );
        // Without MULTI, the pause ran on its own.
        assert_eq!(
            judged(["-NOPERM x", "+OK", "-ERR no", "-ERR EXEC without MULTI"]),
            refused("MULTI: NOPERM x", true)
        );
    }

    #[test]
    fn what_proves_neither_is_unclear() {
        for replies in [
            ["+OK", Q, Q, "?"],
            ["+OK", Q, Q, "[+OK]"],
            ["+OK", Q, Q, "-ERR EXEC without MULTI"],
            ["+OK", Q, ":1", "[+OK,+OK]"],
        ] {
            assert!(
                matches!(judged(replies), HandOverOutcome::Unclear(_)),
                "{replies:?}"
            );
        }
        assert!(matches!(outcome(&[]), HandOverOutcome::Unclear(_)));
    }

    #[test]
    fn writers_go_on_when_unpause_itself_was_done() {
        let replies = |exec| ["+OK", Q, Q, Q, Q, exec].map(frame);
        assert_eq!(released(&replies("[-ERR no file,:1,:0,+OK]")), Ok(()));
        assert!(released(&replies("[+OK,:1,:0,-ERR no]")).is_err());
        assert!(released(&replies(ABORT)).is_err());
        assert!(released(&replies("?")).is_err());
    }
}
