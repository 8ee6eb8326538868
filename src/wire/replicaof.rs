//! The transaction that makes a server follow another or become a master, and what became of it.

use super::command::{Renames, write};
use super::frame::{Frame, shown};
use super::types::TransactionOutcome;

/// How many requests the transaction is, and so how many replies it has.
pub const COMMANDS: usize = 6;

/// What each request is called in texts, in order.
const NAMES: [&str; COMMANDS] = [
    "MULTI",
    "SLAVEOF",
    "CONFIG REWRITE",
    "CLIENT KILL",
    "CLIENT KILL",
    "EXEC",
];

/// How many elements EXEC's array has: what lies between MULTI and EXEC.
const QUEUED: usize = COMMANDS - 2;

/// Appends `MULTI`, `SLAVEOF …`, `CONFIG REWRITE`, `CLIENT KILL TYPE normal`,
/// `CLIENT KILL TYPE pubsub`, `EXEC`. `target` is host (announce form) and port to follow, or
/// `None` for `NO ONE`.
pub fn encode(words: &Renames, target: Option<(&str, u16)>, out: &mut Vec<u8>) {
    write(words, "MULTI", &[], out);
    match target {
        Some((host, port)) => {
            write(
                words,
                "SLAVEOF",
                &[host.as_bytes(), port.to_string().as_bytes()],
                out,
            );
        }
        None => write(words, "SLAVEOF", &[b"NO", b"ONE"], out),
    }
    write(words, "CONFIG", &[b"REWRITE"], out);
    write(words, "CLIENT", &[b"KILL", b"TYPE", b"normal"], out);
    write(words, "CLIENT", &[b"KILL", b"TYPE", b"pubsub"], out);
    write(words, "EXEC", &[], out);
}

/// Judges the six replies.
///
/// `Refused` is said only where the replies prove that SLAVEOF was not executed, because the
/// caller may then promote another replica in the same epoch: a wrong `Refused` could make two
/// masters of one epoch. `Accepted` likewise needs SLAVEOF's own status. What becomes of CONFIG
/// REWRITE and CLIENT KILL inside EXEC does not matter; refused while being queued they abort
/// the whole transaction.
pub fn outcome(replies: &[Frame]) -> TransactionOutcome {
    let [multi, slaveof, _, _, _, exec] = replies else {
        return TransactionOutcome::Unclear(format!("{} replies instead of 6", replies.len()));
    };
    match slaveof {
        // Refused on its own: it was neither queued nor executed.
        Frame::Error(_) => refused(replies),
        Frame::Status(text) if text.as_ref() == b"QUEUED" => judge_exec(multi, exec, replies),
        // MULTI was refused, so SLAVEOF ran at once.
        Frame::Status(text) if text.starts_with(b"OK") => TransactionOutcome::Accepted,
        other => unclear("SLAVEOF", other),
    }
}

/// SLAVEOF was queued: EXEC tells the rest.
fn judge_exec(multi: &Frame, exec: &Frame, replies: &[Frame]) -> TransactionOutcome {
    match exec {
        // Only behind a MULTI that was accepted is the place of SLAVEOF in the array known.
        Frame::Array(results) if matches!(multi, Frame::Status(_)) && results.len() == QUEUED => {
            match &results[0] {
                Frame::Status(text) if text.starts_with(b"OK") => TransactionOutcome::Accepted,
                Frame::Error(text) => TransactionOutcome::Refused(named("SLAVEOF", text)),
                other => unclear("SLAVEOF", other),
            }
        }
        Frame::Error(text) if proves_discarded(text) => refused(replies),
        other => unclear("EXEC", other),
    }
}

/// EXEC was not carried out, by its own word.
fn proves_discarded(text: &[u8]) -> bool {
    [&b"EXECABORT"[..], b"NOPERM", b"NOAUTH"]
        .iter()
        .any(|code| text.starts_with(code))
}

/// The first error among the replies says best why.
fn refused(replies: &[Frame]) -> TransactionOutcome {
    let first = NAMES
        .iter()
        .zip(replies)
        .find_map(|(name, reply)| match reply {
            Frame::Error(text) => Some(named(name, text)),
            _ => None,
        });
    TransactionOutcome::Refused(first.unwrap_or_default())
}

fn unclear(name: &str, reply: &Frame) -> TransactionOutcome {
    TransactionOutcome::Unclear(match reply {
        Frame::Error(text) | Frame::Status(text) => named(name, text),
        other => format!("{name}: {}", other.kind()),
    })
}

fn named(name: &str, text: &[u8]) -> String {
    format!("{name}: {}", shown(text))
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;

    /// `+x`, `-x`, or `[a,b]` for an array of such.
    fn frame(text: &str) -> Frame {
        let bytes = || Bytes::copy_from_slice(&text.as_bytes()[1..]);
        match text.as_bytes()[0] {
            b'+' => Frame::Status(bytes()),
            b'-' => Frame::Error(bytes()),
            b':' => Frame::Integer(text[1..].parse().unwrap()),
            b'[' => Frame::Array(text[1..text.len() - 1].split(',').map(frame).collect()),
            _ => Frame::Null,
        }
    }

    fn judged(replies: [&str; 6]) -> TransactionOutcome {
        outcome(&replies.map(frame))
    }

    const Q: &str = "+QUEUED";
    const ABORT: &str = "-EXECABORT Transaction discarded because of previous errors.";

    #[test]
    fn a_promotion_is_spelled_slaveof_no_one_in_a_transaction() {
        let mut out = Vec::new();
        encode(&Renames::new(), None, &mut out);
        let expected = b"*1\r\n$5\r\nMULTI\r\n*3\r\n$7\r\nSLAVEOF\r\n$2\r\nNO\r\n$3\r\nONE\r\n\
            *2\r\n$6\r\nCONFIG\r\n$7\r\nREWRITE\r\n\
            *4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nTYPE\r\n$6\r\nnormal\r\n\
            *4\r\n$6\r\nCLIENT\r\n$4\r\nKILL\r\n$4\r\nTYPE\r\n$6\r\npubsub\r\n\
            *1\r\n$4\r\nEXEC\r\n";
        assert_eq!(out, expected);
    }

    #[test]
    fn a_reconfiguration_names_host_and_port_and_uses_renamed_words() {
        let words = Renames::from([("SLAVEOF".into(), "follow".into())]);
        let mut out = Vec::new();
        encode(&words, Some(("10.0.0.9", 6380)), &mut out);
        let slaveof = b"*3\r\n$6\r\nfollow\r\n$8\r\n10.0.0.9\r\n$4\r\n6380\r\n";
        assert!(out.windows(slaveof.len()).any(|part| part == slaveof));
    }

    #[test]
    fn slaveof_ok_inside_exec_is_acceptance() {
        for exec in [
            "[+OK,+OK,:1,:0]",
            "[+OK Already connected to specified master,+OK,:0,:0]",
            "[+OK,-ERR The server is running without a config file,:1,:0]",
            "[+OK,+OK,-ERR x,-NOPERM x]",
        ] {
            assert_eq!(
                judged(["+OK", Q, Q, Q, Q, exec]),
                TransactionOutcome::Accepted
            );
        }
    }

    #[test]
    fn an_error_at_the_place_of_slaveof_is_a_refusal() {
        let outcome = judged(["+OK", Q, Q, Q, Q, "[-ERR no,+OK,:1,:0]"]);
        assert_eq!(
            outcome,
            TransactionOutcome::Refused("SLAVEOF: ERR no".into())
        );
    }

    #[test]
    fn a_command_refused_while_queueing_refuses_the_whole_and_is_named() {
        let denied = "-NOPERM this user has no permissions to run the 'config' command";
        let outcome = judged(["+OK", Q, denied, Q, Q, ABORT]);
        let TransactionOutcome::Refused(text) = outcome else {
            panic!("{outcome:?}")
        };
        assert!(text.starts_with("CONFIG REWRITE: NOPERM"), "{text}");
        let outcome = judged(["+OK", "-ERR unknown command", Q, Q, Q, ABORT]);
        assert_eq!(
            outcome,
            TransactionOutcome::Refused("SLAVEOF: ERR unknown command".into())
        );
    }

    #[test]
    fn everything_refused_for_lack_of_authentication_is_a_refusal() {
        let no = "-NOAUTH Authentication required.";
        assert!(matches!(judged([no; 6]), TransactionOutcome::Refused(_)));
    }

    #[test]
    fn exec_refused_by_permission_is_a_refusal() {
        for exec in [ABORT, "-NOPERM x", "-NOAUTH x"] {
            let outcome = judged(["+OK", Q, Q, Q, Q, exec]);
            assert!(matches!(outcome, TransactionOutcome::Refused(_)), "{exec}");
        }
    }

    #[test]
    fn slaveof_executed_outside_a_transaction_that_was_refused_is_acceptance() {
        let outcome = judged([
            "-NOPERM multi",
            "+OK",
            "+OK",
            ":0",
            ":0",
            "-ERR EXEC without MULTI",
        ]);
        assert_eq!(outcome, TransactionOutcome::Accepted);
    }

    #[test]
    fn what_proves_neither_is_unclear() {
        for replies in [
            ["+OK", Q, Q, Q, Q, "?"],
            ["+OK", Q, Q, Q, Q, "+OK"],
            ["+OK", Q, Q, Q, Q, "-ERR EXEC without MULTI"],
            ["+OK", Q, Q, Q, Q, "[+OK,+OK]"],
            ["+OK", Q, Q, Q, Q, "[:1,+OK,:1,:1]"],
            ["+OK", Q, Q, Q, Q, "[+QUEUED,+OK,:1,:1]"],
            [
                "-ERR MULTI calls can not be nested",
                Q,
                Q,
                Q,
                Q,
                "[-ERR x,+OK,:1,:1]",
            ],
            ["+OK", ":1", Q, Q, Q, "[+OK,+OK,:1,:1]"],
        ] {
            let outcome = judged(replies);
            assert!(
                matches!(outcome, TransactionOutcome::Unclear(_)),
                "{replies:?}: {outcome:?}"
            );
        }
        assert!(matches!(outcome(&[]), TransactionOutcome::Unclear(_)));
    }
}
