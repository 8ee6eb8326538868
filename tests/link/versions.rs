//! What servers of many versions answer, byte for byte, and how it is understood: by what the
//! answer proves, never by the version.

use rsentinel::core::{Answer, Ask};
use rsentinel::types::Epoch;
use rsentinel::wire::{HandOverOutcome, PingVerdict, TransactionOutcome};

use crate::events::*;
use crate::scripted::command_link;

/// Who says it, what, and whether it counts as a sign of life: `+` a PONG, `l` loading, `m` without
/// its master, `b` busy, `-` no.
const PINGS: &[(&str, &str, char)] = &[
    ("all", "+PONG", '+'),
    (
        "Redis",
        "-LOADING Redis is loading the dataset in memory",
        'l',
    ),
    (
        "Valkey",
        "-LOADING Valkey is loading the dataset in memory",
        'l',
    ),
    (
        "all",
        "-MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.",
        'm',
    ),
    (
        "Redis",
        "-BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.",
        'b',
    ),
    (
        "Valkey",
        "-BUSY Valkey is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE.",
        'b',
    ),
    ("Redis 5", "-NOAUTH Authentication required.", '-'),
    (
        "Redis 6",
        "-NOPERM this user has no permissions to run the 'ping' command or its subcommand",
        '-',
    ),
    (
        "Redis 7.2",
        "-NOPERM User watch has no permissions to run the 'ping' command",
        '-',
    ),
    ("all", "-ERR max number of clients reached", '-'),
    (
        "all",
        "-DENIED Redis is running in protected mode because protected mode is enabled",
        '-',
    ),
    (
        "all",
        "-ERR unknown command 'PING', with args beginning with: ",
        '-',
    ),
];

#[tokio::test]
async fn an_answer_to_ping_counts_by_its_code_whatever_the_version() {
    let (mut opened, mut served) = command_link().await;
    for (version, reply, expected) in PINGS {
        opened.send(Ask::Ping);
        served.say(format!("{reply}\r\n").as_bytes()).await;
        let answer = opened.events.answer().await;
        let Answer::Ping(verdict) = answer else {
            panic!("{version}: {answer:?}")
        };
        let seen = match verdict {
            PingVerdict::Pong => '+',
            PingVerdict::Loading => 'l',
            PingVerdict::MasterDown => 'm',
            PingVerdict::Busy => 'b',
            PingVerdict::Other(_) => '-',
        };
        assert_eq!(seen, *expected, "{version}: {reply}");
    }
}

const QUEUED: &str = "+QUEUED\r\n";
const ABORTED: &str = "-EXECABORT Transaction discarded because of previous errors.\r\n";
/// Of Redis before 6.0.
const ABORTED_FOR: &str = "-EXECABORT Transaction discarded because of: READONLY You can't write against a read only replica.\r\n";

/// What comes of SLAVEOF.
#[derive(Debug, PartialEq)]
enum Became {
    Done,
    /// With words that the reason contains.
    Refused(&'static str),
    Unclear,
}

/// The replies to the four commands between MULTI and EXEC; `None` is QUEUED.
type Four = [Option<&'static str>; 4];

const SLAVEOFS: &[(&str, Four, &str, Became)] = &[
    (
        "all, no file to rewrite",
        [None; 4],
        "*4\r\n+OK\r\n-ERR The server is running without a config file\r\n:1\r\n:0\r\n",
        Became::Done,
    ),
    (
        "all, the master it already follows",
        [None; 4],
        "*4\r\n+OK Already connected to specified master\r\n+OK\r\n:1\r\n:0\r\n",
        Became::Done,
    ),
    (
        "Redis 6: subcommands are looked up when they run",
        [None; 4],
        "*4\r\n+OK\r\n-ERR Unknown subcommand or wrong number of arguments for 'REWRITE'. Try CONFIG HELP.\r\n\
         -ERR syntax error\r\n-ERR syntax error\r\n",
        Became::Done,
    ),
    (
        "Redis 7: subcommands are looked up when they are queued",
        [
            None,
            Some("-ERR unknown subcommand 'REWRITE'. Try CONFIG HELP."),
            None,
            None,
        ],
        ABORTED,
        Became::Refused("CONFIG REWRITE"),
    ),
    (
        "Redis 7.2: a user without CLIENT KILL",
        [
            None,
            None,
            Some("-NOPERM User watch has no permissions to run the 'client|kill' command"),
            None,
        ],
        ABORTED,
        Became::Refused("CLIENT KILL"),
    ),
    (
        "Redis 6: a user without SLAVEOF",
        [
            Some(
                "-NOPERM this user has no permissions to run the 'slaveof' command or its subcommand",
            ),
            None,
            None,
            None,
        ],
        ABORTED,
        Became::Refused("SLAVEOF"),
    ),
    (
        "Redis 5 and later, renamed away",
        [
            Some("-ERR unknown command `SLAVEOF`, with args beginning with: `NO`, `ONE`, "),
            None,
            None,
            None,
        ],
        ABORTED,
        Became::Refused("SLAVEOF"),
    ),
    (
        "all, in a cluster",
        [None; 4],
        "*4\r\n-ERR REPLICAOF not allowed in cluster mode.\r\n+OK\r\n:0\r\n:0\r\n",
        Became::Refused("cluster mode"),
    ),
    (
        "Redis 6.2 and later, while it hands over",
        [None; 4],
        "*4\r\n-ERR REPLICAOF not allowed while failing over.\r\n+OK\r\n:0\r\n:0\r\n",
        Became::Refused("failing over"),
    ),
    (
        "a watched key has changed",
        [None; 4],
        "*-1\r\n",
        Became::Unclear,
    ),
    (
        "aborted for another reason",
        [None; 4],
        ABORTED_FOR,
        Became::Refused(""),
    ),
];

#[tokio::test]
async fn what_became_of_slaveof_is_what_the_replies_prove_whatever_the_version() {
    let (mut opened, mut served) = command_link().await;
    for (version, replies, exec, expected) in SLAVEOFS {
        opened.send(replicate(None));
        served.say(b"+OK\r\n").await;
        for reply in replies {
            let line = reply.map_or(QUEUED.to_owned(), |text| format!("{text}\r\n"));
            served.say(line.as_bytes()).await;
        }
        served.say(exec.as_bytes()).await;
        let answer = opened.events.answer().await;
        let Answer::Replicate(_, outcome) = answer else {
            panic!("{version}: {answer:?}")
        };
        match (&outcome, expected) {
            (TransactionOutcome::Accepted, Became::Done)
            | (TransactionOutcome::Unclear(_), Became::Unclear) => {}
            (TransactionOutcome::Refused(why), Became::Refused(part)) if why.contains(part) => {}
            _ => panic!("{version}: {outcome:?}, expected {expected:?}"),
        }
    }
}

/// Who answers, the replies to CLIENT PAUSE and FAILOVER when they are queued, EXEC's, and whether
/// FAILOVER was refused with writers paused.
type HandOver = (
    &'static str,
    [Option<&'static str>; 2],
    &'static str,
    Option<bool>,
);

const HAND_OVERS: &[HandOver] = &[
    (
        "Redis 6.2 and later, Valkey",
        [None; 2],
        "*2\r\n+OK\r\n+OK\r\n",
        None,
    ),
    (
        "Redis 6.0: unknown",
        [
            None,
            Some("-ERR unknown command `FAILOVER`, with args beginning with: `TO`, `10.0.0.2`, "),
        ],
        ABORTED,
        Some(false),
    ),
    (
        "Redis 6.0: CLIENT PAUSE knows no WRITE",
        [
            Some("-ERR wrong number of arguments for 'client' command"),
            None,
        ],
        ABORTED,
        Some(false),
    ),
    (
        "Redis 7.2: a user without FAILOVER",
        [
            None,
            Some("-NOPERM User watch has no permissions to run the 'failover' command"),
        ],
        ABORTED,
        Some(false),
    ),
    (
        "no replica",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER requires connected replicas.\r\n",
        Some(true),
    ),
    (
        "another one",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER target HOST and PORT is not a replica.\r\n",
        Some(true),
    ),
    (
        "not online",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER target replica is not online.\r\n",
        Some(true),
    ),
    (
        "a replica itself",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER is not valid when server is a replica.\r\n",
        Some(true),
    ),
    (
        "in a cluster",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER not allowed in cluster mode.\r\n",
        Some(true),
    ),
    (
        "at it already",
        [None; 2],
        "*2\r\n+OK\r\n-ERR FAILOVER already in progress.\r\n",
        Some(true),
    ),
];

#[tokio::test]
async fn whether_a_master_hands_over_is_what_it_answers_whatever_the_version() {
    let (mut opened, mut served) = command_link().await;
    for (version, replies, exec, refused) in HAND_OVERS {
        opened.send(Ask::HandOver {
            epoch: Epoch::ZERO,
            host: "10.0.0.2".into(),
            port: 6379,
            ms: 5_000,
        });
        served.say(b"+OK\r\n").await;
        for reply in replies {
            let line = reply.map_or(QUEUED.to_owned(), |text| format!("{text}\r\n"));
            served.say(line.as_bytes()).await;
        }
        served.say(exec.as_bytes()).await;
        let answer = opened.events.answer().await;
        let Answer::HandOver { outcome, .. } = answer else {
            panic!("{version}: {answer:?}")
        };
        let seen = match outcome {
            HandOverOutcome::Begun => None,
            HandOverOutcome::Refused { paused, .. } => Some(paused),
            HandOverOutcome::Unclear(why) => panic!("{version}: {why}"),
        };
        assert_eq!(seen, *refused, "{version}");
    }
}
