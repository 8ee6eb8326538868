//! What CLIENT LIST, INFO and KILL make of the connections that the socket side collected.

use bytes::Bytes;

use crate::resp::{Proto, Reply};

use super::connection::client::redirect;
use super::next::{KillFilter, ListFilter};
use super::session::{ClientInfo, ClientType};

/// The size of a connection's reply buffer while it is idle (measured).
const REPLY_BUFFER: usize = 1024;

/// What a connection costs beside its buffers; an estimate for `tot-mem`.
const PER_CONNECTION: usize = 1024;

impl ClientInfo {
    /// Its class: subscribed or not.
    pub fn kind(&self) -> ClientType {
        if self.session.subscriptions() > 0 {
            ClientType::Pubsub
        } else {
            ClientType::Normal
        }
    }
}

/// The line that CLIENT LIST and CLIENT INFO show of a connection, without the line end.
pub fn client_line(client: &ClientInfo) -> String {
    let session = &client.session;
    format!(
        "id={} addr={} laddr={} fd={} name={} age={} idle={} flags={} db=0 sub={} psub={} ssub=0 multi=-1 watch=0 \
         qbuf={} qbuf-free={} argv-mem=0 multi-mem=0 rbs={REPLY_BUFFER} rbp=0 obl=0 oll={} omem={} tot-mem={} \
         events={} cmd={} user={} redir={} resp={} lib-name={} lib-ver={}",
        session.id,
        session.addr,
        session.laddr,
        client.fd,
        session.name.as_deref().unwrap_or_default(),
        client.age_s,
        client.idle_s,
        flags(client),
        session.channels.len(),
        session.patterns.len(),
        client.qbuf,
        client.qbuf_free,
        usize::from(client.omem > 0),
        client.omem,
        client.qbuf + client.qbuf_free + client.omem + REPLY_BUFFER + PER_CONNECTION,
        if client.omem > 0 { "rw" } else { "r" },
        session.last_command.unwrap_or("NULL"),
        session.user.to_text(),
        redirect(session),
        match session.proto {
            Proto::Resp2 => 2,
            Proto::Resp3 => 3,
        },
        session.lib_name.as_deref().unwrap_or_default(),
        session.lib_ver.as_deref().unwrap_or_default(),
    )
}

/// The letters of `flags`, `N` for none.
fn flags(client: &ClientInfo) -> String {
    // A TCP connection never comes from port 0.
    let unix = client.session.addr.ends_with(":0");
    let letters: String = [
        ('P', client.kind() == ClientType::Pubsub),
        ('b', client.session.held),
        ('t', client.session.tracking.is_some()),
        (
            'B',
            client.session.tracking.as_ref().is_some_and(|t| t.bcast),
        ),
        ('U', unix),
        ('e', client.session.no_evict),
    ]
    .into_iter()
    .filter_map(|(letter, set)| set.then_some(letter))
    .collect();
    if letters.is_empty() {
        "N".to_owned()
    } else {
        letters
    }
}

/// The answer to CLIENT LIST.
pub fn list_reply<'a>(
    clients: impl IntoIterator<Item = &'a ClientInfo>,
    filter: &ListFilter,
) -> Reply {
    let mut shown: Vec<&ClientInfo> = clients
        .into_iter()
        .filter(|client| filter.matches(client))
        .collect();
    if let Some(ids) = &filter.ids {
        // In the order asked for; an id asked for twice is shown once.
        shown.sort_by_key(|client| ids.get(&client.session.id).copied());
    }
    let lines: Vec<String> = shown
        .into_iter()
        .map(|one| client_line(one) + "\n")
        .collect();
    Reply::Verbatim(Bytes::from(lines.concat()))
}

/// The answer to CLIENT INFO.
pub fn own_reply(client: &ClientInfo) -> Reply {
    Reply::Verbatim(Bytes::from(client_line(client) + "\n"))
}

impl ListFilter {
    /// Whether CLIENT LIST shows this connection.
    pub fn matches(&self, client: &ClientInfo) -> bool {
        self.kind.is_none_or(|kind| kind == client.kind())
            && self
                .ids
                .as_ref()
                .is_none_or(|ids| ids.contains_key(&client.session.id))
    }
}

impl KillFilter {
    /// Whether CLIENT KILL ends this connection, asked for by connection `me`.
    pub fn matches(&self, client: &ClientInfo, me: u64) -> bool {
        let session = &client.session;
        self.id.is_none_or(|id| id == session.id)
            && self.kind.is_none_or(|kind| kind == client.kind())
            && self.addr.as_ref().is_none_or(|addr| *addr == session.addr)
            && self
                .laddr
                .as_ref()
                .is_none_or(|laddr| *laddr == session.laddr)
            && self.user.as_ref().is_none_or(|user| *user == session.user)
            && self.max_age_s.is_none_or(|age| client.age_s >= age)
            && !(self.skip_me && session.id == me)
    }
}

/// The answer to the old form of CLIENT KILL: whether the address was found.
pub fn kill_addr_reply(found: bool) -> Reply {
    if found {
        Reply::OK
    } else {
        Reply::error("ERR No such client")
    }
}

/// The answer to CLIENT KILL with filters: how many were killed.
pub fn kill_reply(killed: usize) -> Reply {
    Reply::Int(i64::try_from(killed).unwrap_or(i64::MAX))
}
