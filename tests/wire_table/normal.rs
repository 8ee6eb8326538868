//! What of a reply is put aside before it is compared: what differs between any two sentinels,
//! and what came to redis-sentinel after the installed version.

use crate::reply::Reply;

/// How much of the replies of a conversation is compared.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum View {
    /// Everything, in order.
    #[default]
    Whole,
    /// The elements of each reply in no order; those of their subcommands neither.
    Sorted,
    /// HELP: the explanations are free text, the syntax lines are compared.
    Help,
    /// COMMAND DOCS: summaries and histories are free text, the names of arguments changed after the
    /// installed version, the order of commands is not specified.
    Docs,
    /// INFO-CACHE: the texts come from the server at different moments; ages and texts are
    /// reduced to their kind.
    InfoCache,
    /// Everything, and the events that another connection hears.
    Events,
    /// Integers are reduced to their kind.
    Numbers,
    /// Confirmations whose names may come in any order: the names are sorted.
    SortedNames,
}

impl View {
    /// The view that a line `@word` of the table asks for.
    pub fn named(word: &str) -> Option<View> {
        Some(match word {
            "sorted" | "sorted-subcommands" => View::Sorted,
            "help" => View::Help,
            "docs" => View::Docs,
            "info-cache" => View::InfoCache,
            "events" => View::Events,
            "numbers" => View::Numbers,
            "sorted-totals" => View::SortedNames,
            _ => return None,
        })
    }

    /// What of the replies is compared.
    pub fn of(self, steps: &[Vec<Reply>]) -> Vec<Vec<Reply>> {
        let one = |reply: &Reply| match self {
            View::Whole | View::SortedNames | View::Events => reply.clone(),
            View::Sorted => sorted(reply),
            View::Help => without(
                reply,
                |line| matches!(line, Reply::Line(text) if text.starts_with("+    ")),
            ),
            View::Docs => docs(reply),
            View::InfoCache => info_cache(reply),
            View::Numbers => numbers(reply),
        };
        let mut steps: Vec<Vec<Reply>> = steps
            .iter()
            .map(|step| step.iter().map(one).collect())
            .collect();
        if self == View::SortedNames {
            for step in &mut steps {
                sort_names(step);
            }
        }
        steps
    }
}

/// Commands that came after the installed version: left out of listings of commands.
const NEWER_COMMANDS: [&str; 5] = [
    "client|setinfo",
    "sentinel|get-primary-addr-by-name",
    "sentinel|is-primary-down-by-addr",
    "sentinel|primaries",
    "sentinel|primary",
];

/// Commands whose arity or tips changed after the installed version: their entries in COMMAND INFO
/// are left out.
const CHANGED_COMMANDS: [&str; 8] = [
    "acl|deluser",
    "acl|save",
    "acl|setuser",
    "client|setname",
    "command|getkeys",
    "command|getkeysandflags",
    "sentinel|config",
    "sentinel|failover",
];

/// Lines of INFO that came after the installed version.
const NEWER_INFO: [&str; 8] = [
    "listener",
    "total_blocking_keys",
    "eventloop_",
    "instantaneous_eventloop_",
    "acl_access_denied_",
    "sentinel_total_tilt",
    "io_threaded_total_prefetch",
    "pubsub_clients",
];

/// Fields of the line of a client that came after the installed version.
const NEWER_CLIENT: [&str; 3] = ["watch", "lib-name", "lib-ver"];

/// Lines of INFO with the same value everywhere. The values of all others are put aside.
const SAME_INFO: [&str; 12] = [
    "redis_mode",
    "os",
    "arch_bits",
    "multiplexing_api",
    "process_supervised",
    "configured_hz",
    "io_threads_active",
    "cluster_connections",
    "maxclients",
    "sentinel_masters",
    "sentinel_tilt",
    "sentinel_simulate_failure_flags",
];

/// Fields of listings whose value depends on the moment.
const MOMENTARY: [&str; 10] = [
    "link-pending-commands",
    "last-ping-sent",
    "last-ok-ping-reply",
    "last-ping-reply",
    "info-refresh",
    "role-reported-time",
    "last-hello-message",
    "slave-repl-offset",
    "id",
    "version",
];

/// Fields of the line of a client whose value depends on the moment, or on how memory is kept.
const MOMENTARY_CLIENT: [&str; 15] = [
    "id",
    "addr",
    "laddr",
    "fd",
    "age",
    "idle",
    "qbuf",
    "qbuf-free",
    "argv-mem",
    "rbs",
    "rbp",
    "obl",
    "oll",
    "omem",
    "tot-mem",
];

/// What is known of a sentinel: put aside in what it says.
pub struct Known {
    /// Its port and its id.
    pub own: (u16, String),
    /// Those of the other sentinel.
    pub other: (u16, String),
}

impl Known {
    /// A reply without what is its own.
    pub fn normal(&self, reply: Reply) -> Reply {
        match reply {
            Reply::Bulk(kind, text) => Reply::Bulk(kind, self.text(&text)),
            Reply::Line(text) => Reply::Line(without_newer_words(&text)),
            Reply::Many(kind, items) => {
                let items: Vec<Reply> = items.into_iter().map(|item| self.normal(item)).collect();
                Reply::Many(kind, without_moments(without_newer(items)))
            }
            other => other,
        }
    }

    fn text(&self, text: &str) -> String {
        if text.starts_with("# ") {
            return info(text);
        }
        if text.contains("addr=") && text.contains(" laddr=") {
            return clients(text);
        }
        for ((port, id), name) in [(&self.own, "me"), (&self.other, "other")] {
            if text == id {
                return format!("<{name}>");
            }
            if text == port.to_string() {
                return format!("<port of {name}>");
            }
        }
        if text.starts_with("user ") {
            return text.replace(" sanitize-payload", "");
        }
        without_newer_words(text)
    }
}

/// Refusals without the words that changed after the installed version: who is refused, and how
/// channels are named together.
fn without_newer_words(text: &str) -> String {
    const NO_CHANNEL: [&str; 2] = [
        "-NOPERM this user has no permissions to access one of the channels used as arguments",
        "-NOPERM No permissions to access a channel",
    ];
    if NO_CHANNEL.contains(&text) {
        return "-NOPERM <channel>".into();
    }
    match text.split_once(" has no permissions to ") {
        Some((who, what)) => {
            let code = if who.starts_with("-NOPERM ") {
                "-NOPERM "
            } else {
                ""
            };
            format!("{code}<who> has no permissions to {what}")
        }
        None => text.to_owned(),
    }
}

/// Drops what is said of newer commands: entries of COMMAND INFO, names in COMMAND LIST, pairs of
/// COMMAND DOCS.
fn without_newer(items: Vec<Reply>) -> Vec<Reply> {
    let are_names = items.iter().all(|item| matches!(item, Reply::Bulk(..)));
    let mut kept = Vec::new();
    let mut items = items.into_iter().peekable();
    while let Some(item) = items.next() {
        let is_pair = matches!(items.peek(), Some(Reply::Many(..)));
        match &item {
            Reply::Many(_, entry) if is_newer_entry(entry) => {}
            Reply::Bulk(_, name) if NEWER_COMMANDS.contains(&name.as_str()) && is_pair => {
                items.next();
            }
            Reply::Bulk(_, name) if NEWER_COMMANDS.contains(&name.as_str()) && are_names => {}
            // A flag that ACL GETUSER shows since 7.2.
            Reply::Bulk(_, flag) if flag == "sanitize-payload" => {}
            _ => kept.push(item),
        }
    }
    kept
}

/// Whether this is the entry of COMMAND INFO of a command that is newer, or changed.
fn is_newer_entry(entry: &[Reply]) -> bool {
    let name = entry.first().and_then(Reply::text);
    entry.len() == 10
        && name
            .is_some_and(|name| NEWER_COMMANDS.contains(&name) || CHANGED_COMMANDS.contains(&name))
}

/// Replaces numbers behind the names of momentary fields.
fn without_moments(mut items: Vec<Reply>) -> Vec<Reply> {
    for at in 1..items.len() {
        let name = items[at - 1].text();
        if !name.is_some_and(|name| MOMENTARY.contains(&name)) {
            continue;
        }
        let put_aside = match &items[at] {
            Reply::Bulk(kind, text) if text.starts_with(|c: char| c.is_ascii_digit()) => {
                Reply::Bulk(*kind, "<moment>".into())
            }
            Reply::Line(text) if text.starts_with(':') => Reply::Line(":<moment>".into()),
            other => other.clone(),
        };
        items[at] = put_aside;
    }
    items
}

/// INFO: names and order stay, and the values that are the same everywhere.
fn info(text: &str) -> String {
    let mut lines = Vec::new();
    for line in text.split("\r\n") {
        let Some((name, value)) = line.split_once(':') else {
            lines.push(line.to_owned());
            continue;
        };
        if NEWER_INFO.iter().any(|newer| name.starts_with(newer)) {
            continue;
        }
        let is_master = name.starts_with("master");
        let kept = if SAME_INFO.contains(&name) || is_master || is_zero(value) {
            value.to_owned()
        } else {
            format!("<{}>", shape(value))
        };
        // A figure may be 0 on one side only because nothing has happened there yet.
        let kept = if counts(name) {
            "<figure>".to_owned()
        } else {
            kept
        };
        lines.push(format!("{name}:{kept}"));
    }
    lines.join("\r\n")
}

fn is_zero(value: &str) -> bool {
    matches!(value, "0" | "0.00" | "0.000000" | "-1")
}

fn shape(value: &str) -> &'static str {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    match value.split_once('.') {
        None if digits(value) => "number",
        Some((whole, part)) if digits(whole) && digits(part) => match part.len() {
            2 => "0.00",
            6 => "0.000000",
            _ => "text",
        },
        _ => "text",
    }
}

/// Figures that both sentinels count, each for itself.
fn counts(name: &str) -> bool {
    [
        "client_recent_max_",
        "connected_clients",
        "instantaneous_",
        "total_",
        "rejected_connections",
        "pubsub_",
        "used_cpu_",
        "uptime_",
        "tracking_",
        "reply_buffer_",
        "expire_cycle_cpu_milliseconds",
        "mem_",
        "redis_git_",
        "redis_version",
        "redis_build_id",
    ]
    .iter()
    .any(|start| name.starts_with(start))
}

/// Lines of clients: names and order stay, and the values that do not depend on the moment.
fn clients(text: &str) -> String {
    let lines: Vec<String> = text
        .split('\n')
        .map(|line| {
            let fields: Vec<String> = line.split(' ').filter_map(client_field).collect();
            fields.join(" ")
        })
        .collect();
    lines.join("\n")
}

fn client_field(field: &str) -> Option<String> {
    let (before, field) = match field.strip_prefix("txt:") {
        Some(field) => ("txt:", field),
        None => ("", field),
    };
    match field.split_once('=') {
        Some((name, _)) if NEWER_CLIENT.contains(&name) => None,
        Some((name, _)) if MOMENTARY_CLIENT.contains(&name) => {
            Some(format!("{before}{name}=<moment>"))
        }
        _ => Some(format!("{before}{field}")),
    }
}

fn sorted(reply: &Reply) -> Reply {
    let Reply::Many(kind, items) = reply else {
        return reply.clone();
    };
    let mut items: Vec<Reply> = items.iter().map(sorted_entry).collect();
    items.sort();
    Reply::Many(*kind, items)
}

/// An entry of COMMAND INFO keeps its order, but not that of its subcommands.
fn sorted_entry(entry: &Reply) -> Reply {
    let Reply::Many(kind, items) = entry else {
        return entry.clone();
    };
    let mut items = items.clone();
    if let Some(Reply::Many(_, subcommands)) = items.last_mut() {
        subcommands.sort();
    }
    Reply::Many(*kind, items)
}

fn without(reply: &Reply, dropped: impl Fn(&Reply) -> bool) -> Reply {
    match reply {
        Reply::Many(kind, items) => {
            let kept = items.iter().filter(|item| !dropped(item)).cloned();
            Reply::Many(*kind, kept.collect())
        }
        other => other.clone(),
    }
}

/// A map of names to descriptions, flat or not: sorted by name, without free text.
fn docs(reply: &Reply) -> Reply {
    let Reply::Many(kind, items) = reply else {
        return reply.clone();
    };
    let mut pairs: Vec<Vec<Reply>> = items
        .chunks(2)
        .map(|pair| pair.iter().map(described).collect())
        .collect();
    pairs.sort();
    Reply::Many(*kind, pairs.concat())
}

fn described(reply: &Reply) -> Reply {
    let Reply::Many(kind, items) = reply else {
        return reply.clone();
    };
    let mut kept = Vec::new();
    for pair in items.chunks(2) {
        match pair[0].text() {
            Some("summary" | "history" | "complexity" | "arguments") => {}
            Some("subcommands") => kept.extend([pair[0].clone(), docs(&pair[1])]),
            _ => kept.extend_from_slice(pair),
        }
    }
    Reply::Many(*kind, kept)
}

fn info_cache(reply: &Reply) -> Reply {
    match reply {
        Reply::Many(kind, items) => Reply::Many(*kind, items.iter().map(info_cache).collect()),
        Reply::Line(text) if text.starts_with(':') => Reply::Line(":<age>".into()),
        Reply::Bulk(kind, text) if text.contains("# ") => Reply::Bulk(*kind, "<INFO>".into()),
        other => other.clone(),
    }
}

fn numbers(reply: &Reply) -> Reply {
    match reply {
        Reply::Many(kind, items) => Reply::Many(*kind, items.iter().map(numbers).collect()),
        Reply::Line(text) if text.starts_with(':') => Reply::Line(":<number>".into()),
        other => other.clone(),
    }
}

/// Sorts the names of consecutive confirmations, and leaves kinds and totals where they are.
fn sort_names(step: &mut [Reply]) {
    let mut names: Vec<Reply> = step
        .iter()
        .filter_map(|reply| match reply {
            Reply::Many(_, items) => items.get(1).cloned(),
            _ => None,
        })
        .collect();
    names.sort();
    let mut names = names.into_iter();
    for reply in step.iter_mut() {
        if let Reply::Many(_, items) = reply
            && items.len() > 1
            && let Some(name) = names.next()
        {
            items[1] = name;
        }
    }
}
