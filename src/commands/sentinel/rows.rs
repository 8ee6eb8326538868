//! The rows of SENTINEL, in the order of its HELP.

use crate::commands::argument::Argument;
use crate::commands::container_help;
use crate::commands::row::{Category as C, Class, Command, Flag as F, Group, Run};

use super::{
    ckquorum, config, debug, failover, flushconfig, get_master_addr_by_name, info_cache,
    is_master_down_by_addr, master, masters, monitor, myid, pending_scripts, remove, replicas,
    reset, sentinels, set, simulate_failure,
};

const HELP: Class = Class {
    flags: &[F::Loading, F::Stale],
    categories: &[C::Slow],
};

const NAME: &[Argument] = &[Argument::string("master-name")];
const QUESTION: &[Argument] = &[
    Argument::string("ip"),
    Argument::integer("port"),
    Argument::integer("current-epoch"),
    Argument::string("runid"),
];

/// The rows.
pub const SUBCOMMANDS: &[Command] = &[
    row("sentinel|ckquorum", 3, ckquorum::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Tells whether a failover could be agreed upon and authorized.",
        )
        .takes(NAME)
        .help(&[(
            "CKQUORUM <master-name>",
            &[
                "Tell whether enough sentinels are usable",
                "to agree that the master is down (quorum)",
                "and to authorize its failover (majority).",
            ],
        )]),
    row("sentinel|config", -4, config::run)
        .about(
            Group::Sentinel,
            "6.2.0",
            "Shows or changes settings of this sentinel.",
        )
        .takes(config::ARGUMENTS)
        .help(&[
            (
                "CONFIG SET param value [param value ...]",
                &["Change settings of this sentinel."],
            ),
            (
                "CONFIG GET <param> [param param param ...]",
                &["Show settings of this sentinel; globs are allowed."],
            ),
        ]),
    row("sentinel|debug", -2, debug::run)
        .about(
            Group::Sentinel,
            "7.0.0",
            "Shows or changes internal timings.",
        )
        .takes(debug::ARGUMENTS)
        .help(&[(
            "DEBUG [<param> <value> ...]",
            &[
                "Show the internal timings in milliseconds,",
                "or change some of them until the next restart.",
            ],
        )]),
    row(
        "sentinel|get-master-addr-by-name",
        3,
        get_master_addr_by_name::run,
    )
    .about(Group::Sentinel, "2.8.4", "Tells where a master is.")
    .takes(NAME)
    .at_once(get_master_addr_by_name::at_once)
    .help(&[(
        "GET-MASTER-ADDR-BY-NAME <master-name>",
        &["Tell the address and port of the master."],
    )]),
    row(
        "sentinel|get-primary-addr-by-name",
        3,
        get_master_addr_by_name::run,
    )
    .about(Group::Sentinel, "8.0.0", "Tells where a master is.")
    .takes(NAME)
    .at_once(get_master_addr_by_name::at_once)
    .alias_of("sentinel|get-master-addr-by-name"),
    row("sentinel|failover", -3, failover::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Promotes a replica now, or has the master hand over to one.",
        )
        .takes(failover::ARGUMENTS)
        .help(&[(
            "FAILOVER <master-name> [COORDINATED]",
            &[
                "Promote a replica of the master now, without asking other sentinels;",
                "COORDINATED: once elected, have the master itself hand over without losing writes.",
            ],
        )]),
    row("sentinel|flushconfig", 2, flushconfig::run)
        .about(Group::Sentinel, "2.8.4", "Writes the configuration file.")
        .help(&[(
            "FLUSHCONFIG",
            &[
                "Write the configuration and the state",
                "to the configuration file.",
            ],
        )]),
    row("sentinel|info-cache", -3, info_cache::run)
        .about(
            Group::Sentinel,
            "3.2.0",
            "Shows the last INFO of masters and their replicas.",
        )
        .takes(&[Argument::string("nodename").multiple()])
        .help(&[(
            "INFO-CACHE <master-name>",
            &["Show the last INFO of the master and its replicas."],
        )]),
    row(
        "sentinel|is-master-down-by-addr",
        6,
        is_master_down_by_addr::run,
    )
    .about(
        Group::Sentinel,
        "2.8.4",
        "Asks for an opinion on a master, or for a vote.",
    )
    .takes(QUESTION)
    .help(&[(
        "IS-MASTER-DOWN-BY-ADDR <ip> <port> <current-epoch> <runid>",
        &[
            "Tell whether this master looks down from here;",
            "with a run id, vote for the leader of its failover.",
        ],
    )]),
    row(
        "sentinel|is-primary-down-by-addr",
        6,
        is_master_down_by_addr::run,
    )
    .about(
        Group::Sentinel,
        "8.0.0",
        "Asks for an opinion on a master, or for a vote.",
    )
    .takes(QUESTION)
    .alias_of("sentinel|is-master-down-by-addr"),
    row("sentinel|master", 3, master::run)
        .about(Group::Sentinel, "2.8.4", "Shows a master.")
        .takes(NAME)
        .help(&[("MASTER <master-name>", &["Show the state of the master."])]),
    row("sentinel|primary", 3, master::run)
        .about(Group::Sentinel, "8.0.0", "Shows a master.")
        .takes(NAME)
        .alias_of("sentinel|master"),
    row("sentinel|masters", 2, masters::run)
        .about(Group::Sentinel, "2.8.4", "Shows all masters.")
        .help(&[("MASTERS", &["Show the state of every master."])]),
    row("sentinel|primaries", 2, masters::run)
        .about(Group::Sentinel, "8.0.0", "Shows all masters.")
        .alias_of("sentinel|masters"),
    row("sentinel|monitor", 6, monitor::run)
        .about(Group::Sentinel, "2.8.4", "Starts monitoring a master.")
        .takes(monitor::ARGUMENTS)
        .help(&[(
            "MONITOR <name> <ip> <port> <quorum>",
            &["Start monitoring a master."],
        )]),
    row("sentinel|myid", 2, myid::run)
        .about(Group::Sentinel, "6.2.0", "Shows the id of this sentinel.")
        .help(&[("MYID", &["Show the id of this sentinel."])]),
    row("sentinel|pending-scripts", 2, pending_scripts::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Shows the scripts that run or wait.",
        )
        .help(&[("PENDING-SCRIPTS", &["Show the scripts that run or wait."])]),
    row("sentinel|remove", 3, remove::run)
        .about(Group::Sentinel, "2.8.4", "Stops monitoring a master.")
        .takes(NAME)
        .help(&[("REMOVE <master-name>", &["Stop monitoring the master."])]),
    row("sentinel|replicas", 3, replicas::run)
        .about(Group::Sentinel, "5.0.0", "Shows the replicas of a master.")
        .takes(NAME)
        .help(&[(
            "REPLICAS <master-name>",
            &["Show the state of the master's replicas."],
        )]),
    row("sentinel|slaves", 3, replicas::run)
        .about(Group::Sentinel, "2.8.0", "Shows the replicas of a master.")
        .takes(NAME)
        .deprecated("5.0.0", "`SENTINEL REPLICAS`")
        .alias_of("sentinel|replicas"),
    row("sentinel|reset", 3, reset::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Forgets what is known about masters.",
        )
        .takes(&[Argument::pattern("pattern")])
        .help(&[(
            "RESET <pattern>",
            &["Forget replicas, sentinels and failovers of the matching masters."],
        )]),
    row("sentinel|sentinels", 3, sentinels::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Shows the other sentinels of a master.",
        )
        .takes(NAME)
        .help(&[(
            "SENTINELS <master-name>",
            &["Show the state of the master's other sentinels."],
        )]),
    row("sentinel|set", -5, set::run)
        .about(
            Group::Sentinel,
            "2.8.4",
            "Changes how a master is monitored.",
        )
        .takes(set::ARGUMENTS)
        .help(&[(
            "SET <master-name> <option> <value> [<option> <value> ...]",
            &["Change how the master is monitored."],
        )]),
    row("sentinel|simulate-failure", -3, simulate_failure::run)
        .about(
            Group::Sentinel,
            "3.2.0",
            "Arms a crash in the middle of a failover.",
        )
        .takes(simulate_failure::ARGUMENTS)
        .help(&[(
            "SIMULATE-FAILURE [CRASH-AFTER-ELECTION] [CRASH-AFTER-PROMOTION] [HELP]",
            &["Crash at this point of the next failover."],
        )]),
    Command::new("sentinel|help", 2, HELP, container_help::run)
        .about(Group::Sentinel, "6.2.0", "Shows the subcommands.")
        .help(&[("HELP", &["Print this help."])]),
];

/// The class of every subcommand but HELP.
const fn row(name: &'static str, arity: i64, run: Run) -> Command {
    const CLASS: Class = Class {
        flags: &[F::Admin],
        categories: &[C::Admin, C::Slow, C::Dangerous],
    };
    Command::new(name, arity, CLASS, run)
}
