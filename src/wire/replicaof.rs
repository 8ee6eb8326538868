//! The transaction that makes a server follow another or become a master, and what became of it.

use super::command::{Renames, write};
use super::frame::Frame;
use super::transaction;
use super::types::TransactionOutcome;

/// How many requests the transaction is, and so how many replies it has.
pub const COMMANDS: usize = 6;
/// The same with a FAILOVER ABORT in it.
pub const COMMANDS_WITH_ABORT: usize = 7;

/// What each request is called in texts, in order.
const NAMES: [&str; COMMANDS] = [
    "MULTI",
    "SLAVEOF",
    "CONFIG REWRITE",
    "CLIENT KILL",
    "CLIENT KILL",
    "EXEC",
];

const NAMES_WITH_ABORT: [&str; COMMANDS_WITH_ABORT] = [
    "MULTI",
    "FAILOVER ABORT",
    "SLAVEOF",
    "CONFIG REWRITE",
    "CLIENT KILL",
    "CLIENT KILL",
    "EXEC",
];

/// Appends `MULTI`, `SLAVEOF …`, `CONFIG REWRITE`, `CLIENT KILL TYPE normal`,
/// `CLIENT KILL TYPE pubsub`, `EXEC`. `target` is host (announce form) and port to follow, or
/// `None` for `NO ONE`.
///
/// With `abort_failover`, `FAILOVER ABORT` comes right behind `MULTI`: a server that is handing over
/// to another by its own FAILOVER refuses SLAVEOF. In one transaction with a SLAVEOF it cannot make
/// a second master. It is left out for all other servers, because it needs a permission of its own.
pub fn encode(
    words: &Renames,
    target: Option<(&str, u16)>,
    abort_failover: bool,
    out: &mut Vec<u8>,
) {
    write(words, "MULTI", &[], out);
    if abort_failover {
        write(words, "FAILOVER", &[b"ABORT"], out);
    }
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

/// Judges the replies: what became of SLAVEOF. FAILOVER ABORT may find nothing to abort any more,
/// and be answered with an error inside EXEC.
pub fn outcome(replies: &[Frame]) -> TransactionOutcome {
    if replies.len() == COMMANDS_WITH_ABORT {
        transaction::judge(&NAMES_WITH_ABORT, 2, replies)
    } else {
        transaction::judge(&NAMES, 1, replies)
    }
}

#[cfg(test)]
mod tests {
    use super::super::transaction::scripted::frame;
    use super::*;

    fn judged(replies: [&str; 6]) -> TransactionOutcome {
        outcome(&replies.map(frame))
    }

    const Q: &str = "+QUEUED";
    const ABORT: &str = "-EXECABORT Transaction discarded because of previous errors.";

    #[test]
    fn a_promotion_is_spelled_slaveof_no_one_in_a_transaction() {
        let mut out = Vec::new();
        encode(&Renames::new(), None, false, &mut out);
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
        encode(&words, Some(("10.0.0.9", 6380)), false, &mut out);
        let slaveof = b"*3\r\n$6\r\nfollow\r\n$8\r\n10.0.0.9\r\n$4\r\n6380\r\n";
        assert!(out.windows(slaveof.len()).any(|part| part == slaveof));
    }

    #[test]
    fn a_running_failover_is_aborted_within_the_transaction() {
        let mut out = Vec::new();
        encode(&Renames::new(), Some(("h", 1)), true, &mut out);
        let start =
            b"*1\r\n$5\r\nMULTI\r\n*2\r\n$8\r\nFAILOVER\r\n$5\r\nABORT\r\n*3\r\n$7\r\nSLAVEOF\r\n";
        assert!(out.starts_with(start));
        let replies = |exec| ["+OK", Q, Q, Q, Q, Q, exec].map(frame);
        for exec in [
            "[+OK,+OK,+OK,:1,:0]",
            "[-ERR No failover in progress.,+OK,+OK,:1,:0]",
        ] {
            assert_eq!(outcome(&replies(exec)), TransactionOutcome::Accepted);
        }
        assert_eq!(
            outcome(&replies("[+OK,-ERR REPLICAOF not allowed,+OK,:1,:0]")),
            TransactionOutcome::Refused("SLAVEOF: ERR REPLICAOF not allowed".into())
        );
        let denied = ["+OK", "-NOPERM x", Q, Q, Q, Q, ABORT].map(frame);
        assert_eq!(
            outcome(&denied),
            TransactionOutcome::Refused("FAILOVER ABORT: NOPERM x".into())
        );
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
