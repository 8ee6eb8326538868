//! What the server answers: one function per command, over the locked state.

use std::time::Instant;

use bytes::{BufMut, Bytes, BytesMut};

use crate::info::info_text;
use crate::reply::Reply;
use crate::state::{ClientKind, Role, State, Upstream};

/// What one connection remembers between its requests.
pub(crate) struct Session {
    /// The connection's id in [`State::clients`].
    id: u64,
    authenticated: bool,
    /// Requests queued since MULTI.
    transaction: Option<Vec<Vec<Bytes>>>,
    /// What REPLCONF announced.
    listening_port: u16,
}

impl Session {
    pub(crate) fn new(id: u64) -> Self {
        Session {
            id,
            authenticated: false,
            transaction: None,
            listening_port: 0,
        }
    }
}

/// What follows from a request.
pub(crate) enum Outcome {
    Answer(Reply),
    /// Nothing is said, as for a replica's acknowledgement.
    Silence,
    /// Answer, then end this connection.
    AnswerAndClose(Reply),
    /// The whole server ends.
    Shutdown,
}

/// Carries out one request.
pub(crate) fn run(state: &mut State, session: &mut Session, words: &[Bytes]) -> Outcome {
    let Some(command) = words.first() else {
        return Outcome::Silence;
    };
    let command = command.to_ascii_uppercase();
    let needs_password = state.options.password.is_some() && !session.authenticated;
    if needs_password && !matches!(&command[..], b"AUTH" | b"QUIT") {
        return Outcome::Answer(Reply::error("NOAUTH Authentication required."));
    }
    match &command[..] {
        b"MULTI" => Outcome::Answer(begin(session)),
        b"DISCARD" => Outcome::Answer(discard(session)),
        b"EXEC" => Outcome::Answer(execute(state, session)),
        _ => match &mut session.transaction {
            Some(queue) => {
                queue.push(words.to_vec());
                Outcome::Answer(Reply::Status("QUEUED"))
            }
            None => run_one(state, session, &command, &words[1..]),
        },
    }
}

fn begin(session: &mut Session) -> Reply {
    if session.transaction.is_some() {
        return Reply::error("ERR MULTI calls can not be nested");
    }
    session.transaction = Some(Vec::new());
    Reply::OK
}

fn discard(session: &mut Session) -> Reply {
    session
        .transaction
        .take()
        .map_or_else(|| Reply::error("ERR DISCARD without MULTI"), |_| Reply::OK)
}

fn execute(state: &mut State, session: &mut Session) -> Reply {
    let Some(queue) = session.transaction.take() else {
        return Reply::error("ERR EXEC without MULTI");
    };
    let replies = queue.iter().map(|words| match run(state, session, words) {
        Outcome::Answer(reply) | Outcome::AnswerAndClose(reply) => reply,
        Outcome::Silence | Outcome::Shutdown => Reply::OK,
    });
    Reply::Array(replies.collect())
}

fn run_one(
    state: &mut State,
    session: &mut Session,
    command: &[u8],
    arguments: &[Bytes],
) -> Outcome {
    let reply = match (command, arguments) {
        (b"PING", []) => ping(state, session),
        (b"PING" | b"ECHO", [text]) => Reply::Bulk(text.clone()),
        (b"AUTH", [password]) => authenticate(state, session, b"default", password),
        (b"AUTH", [user, password]) => authenticate(state, session, user, password),
        (b"INFO", _) => Reply::bulk(info_text(state, Instant::now())),
        (b"ROLE", []) => role(state),
        (b"SELECT", [_]) => Reply::OK,
        (b"GET", [key]) => state
            .keys
            .get(key)
            .map_or(Reply::Null, |value| Reply::Bulk(value.clone())),
        (b"SET", [key, value]) => set(state, key, value),
        (b"DBSIZE", []) => Reply::Integer(state.keys.len() as i64),
        (b"PUBLISH", [channel, message]) => publish(state, channel, message),
        (b"SUBSCRIBE", [_, ..]) => subscribe(state, session, arguments),
        (b"UNSUBSCRIBE", _) => unsubscribe(state, session, arguments),
        (b"CLIENT", [subcommand, rest @ ..]) => {
            client(state, session, &subcommand.to_ascii_uppercase(), rest)
        }
        (b"CONFIG", [subcommand, rest @ ..]) => {
            config(state, &subcommand.to_ascii_uppercase(), rest)
        }
        (b"SLAVEOF" | b"REPLICAOF", [host, port]) => replica_of(state, host, port),
        (b"SCRIPT", [word]) if word.eq_ignore_ascii_case(b"kill") => {
            Reply::error("NOTBUSY No scripts in execution right now.")
        }
        (b"REPLCONF", [word, value]) => match replication_detail(state, session, word, value) {
            Some(reply) => reply,
            None => return Outcome::Silence,
        },
        (b"PSYNC", [_, _]) => start_copy(state, session),
        (b"QUIT", _) => return Outcome::AnswerAndClose(Reply::OK),
        (b"SHUTDOWN", _) => return Outcome::Shutdown,
        _ => unknown(command, arguments),
    };
    Outcome::Answer(reply)
}

fn unknown(command: &[u8], arguments: &[Bytes]) -> Reply {
    const KNOWN: [&[u8]; 19] = [
        b"PING",
        b"ECHO",
        b"AUTH",
        b"ROLE",
        b"SELECT",
        b"GET",
        b"SET",
        b"DBSIZE",
        b"PUBLISH",
        b"SUBSCRIBE",
        b"CLIENT",
        b"CONFIG",
        b"SLAVEOF",
        b"REPLICAOF",
        b"SCRIPT",
        b"REPLCONF",
        b"PSYNC",
        b"MULTI",
        b"EXEC",
    ];
    let name = String::from_utf8_lossy(command);
    if KNOWN.contains(&command) {
        return Reply::error(format!(
            "ERR wrong number of arguments for '{}' command",
            name.to_lowercase()
        ));
    }
    let arguments: Vec<_> = arguments
        .iter()
        .map(|word| format!("'{}' ", String::from_utf8_lossy(word)))
        .collect();
    Reply::error(format!(
        "ERR unknown command '{name}', with args beginning with: {}",
        arguments.concat()
    ))
}

fn ping(state: &mut State, session: &Session) -> Reply {
    let Some(client) = state.clients.get_mut(&session.id) else {
        return Reply::Status("PONG");
    };
    if matches!(client.kind, ClientKind::Pubsub) {
        return Reply::Array(vec![Reply::bulk("pong"), Reply::bulk("")]);
    }
    let now = Instant::now();
    if let (Some(before), Some(gaps)) = (client.pinged.replace(now), &mut state.ping_gaps) {
        gaps.push(now - before);
    }
    Reply::Status("PONG")
}

fn authenticate(state: &State, session: &mut Session, user: &[u8], password: &[u8]) -> Reply {
    let Some(expected) = &state.options.password else {
        return Reply::error(
            "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?",
        );
    };
    session.authenticated = user == b"default" && password == expected.as_bytes();
    if session.authenticated {
        Reply::OK
    } else {
        Reply::error("WRONGPASS invalid username-password pair or user is disabled.")
    }
}

fn role(state: &State) -> Reply {
    match &state.role {
        Role::Master => {
            let replicas = state
                .clients
                .values()
                .filter_map(|client| match client.kind {
                    ClientKind::Replica { port, acknowledged } => Some(Reply::Array(vec![
                        Reply::bulk(client.peer.ip().to_string()),
                        Reply::bulk(port.to_string()),
                        Reply::bulk(acknowledged.to_string()),
                    ])),
                    _ => None,
                });
            let replicas = Reply::Array(replicas.collect());
            Reply::Array(vec![
                Reply::bulk("master"),
                Reply::Integer(state.offset as i64),
                replicas,
            ])
        }
        Role::Replica(following) => Reply::Array(vec![
            Reply::bulk("slave"),
            Reply::bulk(&following.upstream.host),
            Reply::Integer(following.upstream.port.into()),
            Reply::bulk(if matches!(following.link, crate::state::Link::Up) {
                "connected"
            } else {
                "connect"
            }),
            Reply::Integer(state.offset as i64),
        ]),
    }
}

fn set(state: &mut State, key: &Bytes, value: &Bytes) -> Reply {
    if state.is_replica() {
        return Reply::error("READONLY You can't write against a read only replica.");
    }
    state.keys.insert(key.clone(), value.clone());
    state.propagate(&[Bytes::from_static(b"SET"), key.clone(), value.clone()]);
    Reply::OK
}

fn publish(state: &mut State, channel: &Bytes, message: &Bytes) -> Reply {
    let receivers = state.deliver(channel, message);
    if !state.is_replica() {
        state.propagate(&[
            Bytes::from_static(b"PUBLISH"),
            channel.clone(),
            message.clone(),
        ]);
    }
    Reply::Integer(receivers as i64)
}

fn subscribe(state: &mut State, session: &Session, channels: &[Bytes]) -> Reply {
    let Some(client) = state.clients.get_mut(&session.id) else {
        return Reply::Several(Vec::new());
    };
    client.kind = ClientKind::Pubsub;
    let confirm = |channel: &Bytes| {
        if !client.channels.contains(channel) {
            client.channels.push(channel.clone());
        }
        subscription("subscribe", Some(channel), client.channels.len())
    };
    Reply::Several(channels.iter().map(confirm).collect())
}

fn unsubscribe(state: &mut State, session: &Session, channels: &[Bytes]) -> Reply {
    let Some(client) = state.clients.get_mut(&session.id) else {
        return Reply::Several(Vec::new());
    };
    let leaving = if channels.is_empty() {
        client.channels.clone()
    } else {
        channels.to_vec()
    };
    let mut confirmations = Vec::new();
    for channel in &leaving {
        client.channels.retain(|held| held != channel);
        confirmations.push(subscription(
            "unsubscribe",
            Some(channel),
            client.channels.len(),
        ));
    }
    if client.channels.is_empty() {
        client.kind = ClientKind::Normal;
    }
    if confirmations.is_empty() {
        confirmations.push(subscription("unsubscribe", None, 0));
    }
    Reply::Several(confirmations)
}

fn subscription(what: &str, channel: Option<&Bytes>, count: usize) -> Reply {
    let channel = channel.map_or(Reply::Null, |channel| Reply::Bulk(channel.clone()));
    Reply::Array(vec![
        Reply::bulk(what),
        channel,
        Reply::Integer(count as i64),
    ])
}

fn client(state: &mut State, session: &Session, subcommand: &[u8], arguments: &[Bytes]) -> Reply {
    match (subcommand, arguments) {
        (b"SETNAME", [name]) => {
            if let Some(client) = state.clients.get_mut(&session.id) {
                client.name = name.clone();
            }
            Reply::OK
        }
        (b"GETNAME", []) => state
            .clients
            .get(&session.id)
            .map_or(Reply::Null, |client| Reply::Bulk(client.name.clone())),
        (b"ID", []) => Reply::Integer(session.id as i64),
        (b"KILL", [word, kind]) if word.eq_ignore_ascii_case(b"type") => {
            kill_clients(state, session, kind)
        }
        (b"LIST", _) => Reply::bulk(client_list(state)),
        (b"PAUSE" | b"UNPAUSE" | b"NO-EVICT" | b"SETINFO", _) => Reply::OK,
        _ => Reply::error("ERR unknown subcommand or wrong number of arguments. Try CLIENT HELP."),
    }
}

/// Drops every other connection of the given type; the asker is spared, as in a real server.
fn kill_clients(state: &mut State, session: &Session, kind: &[u8]) -> Reply {
    let matches: fn(&ClientKind) -> bool = match &kind.to_ascii_lowercase()[..] {
        b"normal" => |kind| matches!(kind, ClientKind::Normal),
        b"pubsub" => |kind| matches!(kind, ClientKind::Pubsub),
        b"replica" | b"slave" => |kind| matches!(kind, ClientKind::Replica { .. }),
        b"master" => |_| false,
        _ => {
            return Reply::error(format!(
                "ERR Unknown client type '{}'",
                String::from_utf8_lossy(kind)
            ));
        }
    };
    let before = state.clients.len();
    state
        .clients
        .retain(|id, client| *id == session.id || !matches(&client.kind));
    Reply::Integer((before - state.clients.len()) as i64)
}

fn client_list(state: &State) -> String {
    let lines = state.clients.iter().map(|(id, client)| {
        let name = String::from_utf8_lossy(&client.name);
        format!(
            "id={id} addr={} name={name} sub={}\n",
            client.peer,
            client.channels.len()
        )
    });
    lines.collect()
}

fn config(state: &mut State, subcommand: &[u8], arguments: &[Bytes]) -> Reply {
    match (subcommand, arguments) {
        (b"REWRITE", []) => {
            state.saved_master = match &state.role {
                Role::Master => None,
                Role::Replica(following) => Some(following.upstream.clone()),
            };
            Reply::OK
        }
        (b"SET", pairs) if !pairs.is_empty() && pairs.len().is_multiple_of(2) => {
            set_config(state, pairs)
        }
        (b"GET", names) if !names.is_empty() => get_config(state, names),
        _ => Reply::error("ERR unknown subcommand or wrong number of arguments. Try CONFIG HELP."),
    }
}

fn set_config(state: &mut State, pairs: &[Bytes]) -> Reply {
    for pair in pairs.chunks_exact(2) {
        let name = String::from_utf8_lossy(&pair[0]).to_lowercase();
        let value = String::from_utf8_lossy(&pair[1]).into_owned();
        let secret = (!value.is_empty()).then(|| value.clone());
        match name.as_str() {
            "requirepass" => state.options.password = secret,
            "masterauth" => state.options.master_password = secret,
            "replica-priority" | "slave-priority" => match value.parse() {
                Ok(priority) => state.options.priority = priority,
                Err(_) => {
                    return Reply::error(
                        "ERR CONFIG SET failed - argument couldn't be parsed into an integer",
                    );
                }
            },
            "replica-announced" => state.options.announced = value.eq_ignore_ascii_case("yes"),
            _ => {
                state.settings.insert(name, value);
            }
        }
    }
    Reply::OK
}

fn get_config(state: &State, names: &[Bytes]) -> Reply {
    let mut items = Vec::new();
    for name in names {
        let name = String::from_utf8_lossy(name).to_lowercase();
        let value = match name.as_str() {
            "requirepass" => state.options.password.clone().or(Some(String::new())),
            "masterauth" => state
                .options
                .master_password
                .clone()
                .or(Some(String::new())),
            "replica-priority" | "slave-priority" => Some(state.options.priority.to_string()),
            "port" => Some(state.address.port().to_string()),
            _ => state.settings.get(&name).cloned(),
        };
        if let Some(value) = value {
            items.extend([Reply::bulk(name), Reply::bulk(value)]);
        }
    }
    Reply::Array(items)
}

fn replica_of(state: &mut State, host: &[u8], port: &[u8]) -> Reply {
    if host.eq_ignore_ascii_case(b"no") && port.eq_ignore_ascii_case(b"one") {
        state.follow(None);
        return Reply::OK;
    }
    let Some(port) = std::str::from_utf8(port)
        .ok()
        .and_then(|port| port.parse().ok())
    else {
        return Reply::error("ERR value is not an integer or out of range");
    };
    state.follow(Some(Upstream {
        host: String::from_utf8_lossy(host).into_owned(),
        port,
    }));
    Reply::OK
}

/// REPLCONF: a port is answered, an acknowledgement is not.
fn replication_detail(
    state: &mut State,
    session: &mut Session,
    word: &[u8],
    value: &[u8],
) -> Option<Reply> {
    let number: u64 = std::str::from_utf8(value)
        .ok()
        .and_then(|value| value.parse().ok())
        .unwrap_or(0);
    if word.eq_ignore_ascii_case(b"listening-port") {
        session.listening_port = number as u16;
        return Some(Reply::OK);
    }
    if word.eq_ignore_ascii_case(b"ack")
        && let Some(client) = state.clients.get_mut(&session.id)
        && let ClientKind::Replica { acknowledged, .. } = &mut client.kind
    {
        *acknowledged = number;
        return None;
    }
    Some(Reply::OK)
}

/// PSYNC: always a full copy, in our own form (commands in a bulk string). A replica that is
/// not linked to its own master has nothing trustworthy to copy from.
fn start_copy(state: &mut State, session: &Session) -> Reply {
    if let Role::Replica(following) = &state.role
        && !matches!(following.link, crate::state::Link::Up)
    {
        return Reply::error("NOMASTERLINK Can't SYNC while not connected with my master");
    }
    let snapshot = state.snapshot();
    let mut out = BytesMut::new();
    let head = format!(
        "+FULLRESYNC {} {}\r\n${}\r\n",
        state.replication_id,
        state.offset,
        snapshot.len()
    );
    out.put_slice(head.as_bytes());
    out.put_slice(&snapshot);
    let offset = state.offset;
    if let Some(client) = state.clients.get_mut(&session.id) {
        client.kind = ClientKind::Replica {
            port: session.listening_port,
            acknowledged: offset,
        };
    }
    Reply::Raw(out.freeze())
}
