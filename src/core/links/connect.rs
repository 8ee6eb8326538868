//! Opening, losing and reopening the sockets of a link.

use std::net::IpAddr;
use std::sync::Arc;

use crate::types::{Mono, Now};

use super::super::action::{Action, Ask, FarEnd, Renames, Socket};
use super::super::deadlines::Deadline;
use super::super::event::ConnId;
use super::super::notice::EventName;
use super::super::{Party, Sentinel, Who};
use super::{LONGEST_RETRY_MS, Link, LinkId, LinkSocket, SocketState};

/// An unanswered connect is given up and begun anew after this long: the kernel's own repeats
/// of a SYN back off to many seconds, so a healed network would be noticed late.
const CONNECT_PATIENCE_MS: u64 = 3_000;
/// So many new links begin to connect within one millisecond: a start with thousands of servers is
/// no storm of connects, and a thousand masters with two replicas each still take half a second.
/// (A lost link is not held up: its first attempt starts the clock by which a death is judged.)
const NEW_LINKS_PER_MS: u32 = 8;

/// When the next new links may begin to connect.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::core) struct Pace {
    at: Mono,
    begun: u32,
}

impl Pace {
    /// When one more link begins.
    fn next(&mut self, now: Mono) -> Mono {
        if self.at < now {
            *self = Pace { at: now, begun: 0 };
        }
        if self.begun == NEW_LINKS_PER_MS {
            *self = Pace {
                at: self.at.plus(1),
                begun: 0,
            };
        }
        self.begun += 1;
        self.at
    }
}

impl Sentinel {
    /// A new link for a record, to be connected at once, or as soon as its turn comes.
    pub(in crate::core) fn create_link(&mut self, user: Party, now: Now) -> LinkId {
        self.next_link += 1;
        let id = LinkId(self.next_link);
        let with_pubsub = !matches!(user.who, Who::Peer(_));
        let begin = self.new_links.next(now.mono);
        self.links.insert(id, Link::new(user, with_pubsub, begin));
        self.deadlines.set(Deadline::Link(id), Some(begin));
        id
    }

    /// One record stops using a link; the last one closes it.
    pub(in crate::core) fn release_link(&mut self, id: LinkId, user: Party) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.users.retain(|u| *u != user);
        if !link.users.is_empty() {
            return;
        }
        if let Some(link) = self.links.remove(&id) {
            let sockets = [
                link.command.state.conn(),
                link.pubsub.and_then(|s| s.state.conn()),
            ];
            for conn in sockets.into_iter().flatten() {
                self.forget_conn(conn);
                self.out.push_back(Action::Close { conn });
            }
        }
        self.deadlines.forget(Deadline::Link(id));
    }

    /// Lets a link that waits to reconnect do so now.
    pub(in crate::core) fn hasten(&mut self, id: LinkId, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        for socket in [Some(&mut link.command), link.pubsub.as_mut()]
            .into_iter()
            .flatten()
        {
            if let SocketState::Down { retry_at } = &mut socket.state {
                *retry_at = now.mono;
                self.deadlines.set(Deadline::Link(id), Some(now.mono));
            }
        }
    }

    /// Closes one socket and lets the link reconnect at once.
    pub(in crate::core) fn drop_socket(&mut self, id: LinkId, kind: Socket, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Some(socket) = link.socket_mut(kind) else {
            return;
        };
        if let Some(conn) = socket.state.conn() {
            socket.lose(now.mono);
            self.forget_conn(conn);
            self.out.push_back(Action::Close { conn });
            self.after_loss(id, kind, now);
        }
    }

    /// Closes both sockets of a link: its credentials or its address changed.
    pub(in crate::core) fn drop_link_sockets(&mut self, id: LinkId, now: Now) {
        if let Some(link) = self.links.get_mut(&id) {
            link.auth_complained = false;
            link.command.attempts = 0;
            if let Some(pubsub) = &mut link.pubsub {
                pubsub.attempts = 0;
            }
        }
        self.drop_socket(id, Socket::Command, now);
        self.drop_socket(id, Socket::Pubsub, now);
    }

    /// `Event::Closed`.
    pub(in crate::core) fn socket_closed(&mut self, conn: ConnId, reason: &str, now: Now) {
        let Some((id, kind)) = self.forget_conn(conn) else {
            return;
        };
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Some(socket) = link.socket_mut(kind) else {
            return;
        };
        let was_up = socket.state.is_up();
        socket.lose(now.mono);
        let party = link.users.first().copied();
        if let Some(party) = party.filter(|_| !was_up) {
            let name = match kind {
                Socket::Command => EventName::CmdLinkReconnection,
                Socket::Pubsub => EventName::PubsubLinkReconnection,
            };
            let text = format!("{} #{reason}", self.describe(party));
            self.announce(name, party.master, text);
        }
        self.after_loss(id, kind, now);
    }

    /// `Event::Connected`.
    pub(in crate::core) fn socket_connected(
        &mut self,
        conn: ConnId,
        local_ip: Option<IpAddr>,
        now: Now,
    ) {
        let Some(&(id, kind)) = self.conns.get(&conn) else {
            return;
        };
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        let Some(socket) = link.socket_mut(kind) else {
            return;
        };
        socket.state = SocketState::Up {
            conn,
            since: now.mono,
        };
        if kind == Socket::Pubsub {
            link.pubsub_activity = now.mono;
            return self.tend_link(id, now);
        }
        if let Some(ip) = local_ip {
            self.local_ips.insert(conn, ip);
        }
        let users = link.users.clone();
        for party in users {
            self.want_hello(party);
            if matches!(party.who, Who::Peer(_)) {
                self.tend_ask(party, now);
            } else {
                self.tend_info(party, now);
                self.step_failover(party.master, now);
            }
        }
        self.tend_link(id, now);
    }

    /// Everything that is due on a link: connect, PING, half-open checks; then its deadline.
    pub(in crate::core) fn tend_link(&mut self, id: LinkId, now: Now) {
        // What a new master's link brings may be told only after the master itself was announced.
        if self.ledger.holds_back_any() {
            let user = self.links.get(&id).and_then(|link| link.users.first());
            if user.is_some_and(|party| self.ledger.holds_back(party.master)) {
                return self.deadlines.set(Deadline::Link(id), None);
            }
        }
        let due = |at: Option<Mono>| at.is_some_and(|at| at <= now.mono);
        let mut outlook = self.outlook(id);
        if due(outlook.next()) {
            if due(outlook.half_open) {
                self.close_half_open(id, now);
            }
            if due(outlook.half_open) || due(outlook.connect) {
                self.connect_due(id, Socket::Command, now);
                self.connect_due(id, Socket::Pubsub, now);
            }
            if due(outlook.look_up) {
                self.look_up_due(id, now);
            }
            self.ping_due(id, now);
            outlook = self.outlook(id);
        }
        self.deadlines.set(Deadline::Link(id), outlook.next());
    }

    fn forget_conn(&mut self, conn: ConnId) -> Option<(LinkId, Socket)> {
        self.local_ips.remove(&conn);
        self.conns.remove(&conn)
    }

    fn after_loss(&mut self, id: LinkId, kind: Socket, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        if let Some(socket) = link.socket_mut(kind) {
            socket.pending = 0;
        }
        if kind == Socket::Command {
            link.pings_in_flight = 0;
            link.info_in_flight.clear();
            link.transactions.clear();
        }
        let users = link.users.clone();
        for party in &users {
            if kind == Socket::Command {
                self.forget_in_flight(*party);
            }
        }
        self.tend_link(id, now);
        for party in users {
            self.tend_down(party, now);
        }
    }

    /// Asks that were unanswered on a lost command socket never will be answered.
    fn forget_in_flight(&mut self, party: Party) {
        if let Some(server) = self.server_mut(party) {
            server.info_sent = None;
        }
        if let Some(greeting) = self.greeting_mut(party) {
            greeting.in_flight = None;
        }
        if let Some(peer) = self.peer_mut(party) {
            peer.asks_in_flight.clear();
        }
    }

    fn connect_due(&mut self, id: LinkId, kind: Socket, now: Now) {
        let Some(link) = self.links.get(&id) else {
            return;
        };
        let Some(&LinkSocket {
            state: SocketState::Down { retry_at },
            ..
        }) = link.socket(kind)
        else {
            return;
        };
        let Some(&party) = link.users.first() else {
            return;
        };
        if retry_at > now.mono {
            return;
        }
        let Some(address) = self.address_of(party).cloned() else {
            return;
        };
        if address.port() == 0 {
            return;
        }
        let resolved = self.links.get(&id).is_some_and(|l| l.just_resolved);
        let look_up = self.settings.resolve_hostnames && address.is_name() && !resolved;
        if kind == Socket::Command && look_up {
            // Looked up anew at each reconnect; until the answer comes the last known IP serves.
            self.resolve(address.host(), now);
            if let Some(link) = self.links.get_mut(&id) {
                link.looked_up = now.mono;
            }
        }
        let Some(to) = address.socket() else {
            self.postpone_connect(id, kind, now);
            return;
        };
        self.next_conn += 1;
        let conn = ConnId(self.next_conn);
        self.conns.insert(conn, (id, kind));
        let what = self.describe(party);
        let far_end = match party.who {
            Who::Peer(_) => FarEnd::Sentinel,
            _ => FarEnd::Server,
        };
        self.out.push_back(Action::Connect {
            conn,
            to,
            socket: kind,
            far_end,
            host: Arc::from(address.host()),
            what,
        });
        if let Some(link) = self.links.get_mut(&id)
            && let Some(socket) = link.socket_mut(kind)
        {
            socket.state = SocketState::Connecting {
                conn,
                since: now.mono,
            };
            socket.attempts = socket.attempts.saturating_add(1);
            link.pubsub_activity = if kind == Socket::Pubsub {
                now.mono
            } else {
                link.pubsub_activity
            };
        }
        self.introduce(id, conn, kind, party, now);
    }

    fn postpone_connect(&mut self, id: LinkId, kind: Socket, now: Now) {
        if let Some(socket) = self.links.get_mut(&id).and_then(|l| l.socket_mut(kind)) {
            socket.attempts = socket.attempts.saturating_add(1);
            socket.state = SocketState::Down {
                retry_at: now.mono.plus(LONGEST_RETRY_MS),
            };
        }
    }

    /// While a connect has no answer the name may come to mean another server: whoever was there
    /// may be gone without a word.
    fn look_up_due(&mut self, id: LinkId, now: Now) {
        let Some(link) = self.links.get_mut(&id) else {
            return;
        };
        link.looked_up = now.mono;
        let user = link.users.first().copied();
        if let Some(address) = user.and_then(|party| self.address_of(party)).cloned() {
            self.resolve(address.host(), now);
        }
    }

    /// The first asks of a fresh socket, written together once it is up.
    fn introduce(&mut self, id: LinkId, conn: ConnId, kind: Socket, party: Party, now: Now) {
        if let Some((user, pass)) = self.credentials(party) {
            self.send_on(id, conn, Ask::Auth { user, pass }, party);
        }
        let suffix = if kind == Socket::Command {
            "cmd"
        } else {
            "pubsub"
        };
        let short: String = self.my_id.as_str().chars().take(8).collect();
        self.send_on(
            id,
            conn,
            Ask::SetName(format!("sentinel-{short}-{suffix}")),
            party,
        );
        match kind {
            Socket::Command => {
                self.send_ping(id, now);
                if !matches!(party.who, Who::Peer(_)) {
                    self.tend_info(party, now);
                }
            }
            Socket::Pubsub => self.send_on(id, conn, Ask::Subscribe, party),
        }
    }

    /// Sends on the command socket of a record's link; false when there is none.
    pub(in crate::core) fn send(&mut self, party: Party, ask: Ask) -> bool {
        let Some(id) = self.link_of(party) else {
            return false;
        };
        let Some(conn) = self.links.get(&id).and_then(Link::command_conn) else {
            return false;
        };
        self.send_on(id, conn, ask, party);
        true
    }

    pub(super) fn send_on(&mut self, id: LinkId, conn: ConnId, ask: Ask, party: Party) {
        if ask.is_transaction()
            && let Some(link) = self.links.get_mut(&id)
        {
            link.transactions.push_back(ask.commands());
        }
        if let Some(link) = self.links.get_mut(&id)
            && ask != Ask::Subscribe
            && let Some(&(_, kind)) = self.conns.get(&conn)
            && let Some(socket) = link.socket_mut(kind)
        {
            socket.pending += i64::from(ask.commands());
        }
        let words = self.words_for(party);
        self.out.push_back(Action::Send { conn, ask, words });
    }

    fn words_for(&self, party: Party) -> Arc<Renames> {
        match party.who {
            Who::Peer(_) => self.no_renames.clone(),
            _ => self
                .masters
                .get(&party.master)
                .map_or_else(|| self.no_renames.clone(), |m| m.settings.renames.clone()),
        }
    }

    /// The user and password for a target, if it needs any.
    fn credentials(&self, party: Party) -> Option<(Option<String>, crate::types::Secret)> {
        match party.who {
            Who::Peer(_) => match &self.settings.sentinel_pass {
                Some(pass) => Some((self.settings.sentinel_user.clone(), pass.clone())),
                None => self.settings.requirepass.clone().map(|pass| (None, pass)),
            },
            _ => {
                let settings = &self.masters.get(&party.master)?.settings;
                Some((settings.auth_user.clone(), settings.auth_pass.clone()?))
            }
        }
    }

    /// Closes sockets that look alive but have been silent for too long; not in TILT.
    fn close_half_open(&mut self, id: LinkId, now: Now) {
        if self.tilt.is_on() {
            return;
        }
        for kind in [Socket::Command, Socket::Pubsub] {
            let Some(link) = self.links.get(&id) else {
                return;
            };
            let at = match kind {
                Socket::Command => self.command_suspect_at(link, self.smallest_down_after(link)),
                Socket::Pubsub => self.pubsub_suspect_at(link),
            };
            if at.is_some_and(|at| at <= now.mono) {
                self.drop_socket(id, kind, now);
            }
        }
    }

    /// When the command socket will have been silent for too long.
    fn command_suspect_at(&self, link: &Link, down_after: Option<u64>) -> Option<Mono> {
        match link.command.state {
            SocketState::Down { .. } => None,
            SocketState::Connecting { since, .. } => Some(since.plus(CONNECT_PATIENCE_MS + 1)),
            SocketState::Up { since, .. } => {
                let pending = link.ping_pending_since?;
                let half = down_after? / 2;
                Some(
                    since
                        .plus(self.timings.min_link_reconnect_period)
                        .max(pending.plus(half))
                        .max(link.last_any_reply.plus(half))
                        .plus(1),
                )
            }
        }
    }

    /// When the pubsub socket will have been silent for too long.
    fn pubsub_suspect_at(&self, link: &Link) -> Option<Mono> {
        let silence = link
            .pubsub_activity
            .plus(self.timings.publish_period.saturating_mul(3));
        match link.pubsub.as_ref()?.state {
            SocketState::Down { .. } => None,
            SocketState::Connecting { since, .. } => Some(since.plus(CONNECT_PATIENCE_MS + 1)),
            SocketState::Up { since, .. } => Some(
                since
                    .plus(self.timings.min_link_reconnect_period)
                    .max(silence)
                    .plus(1),
            ),
        }
    }

    fn outlook(&self, id: LinkId) -> Outlook {
        let Some(link) = self.links.get(&id) else {
            return Outlook::default();
        };
        let down_after = self.smallest_down_after(link);
        let command = retry_at(Some(&link.command));
        let pubsub = retry_at(link.pubsub.as_ref());
        let reachable = || {
            let user = link.users.first();
            user.and_then(|p| self.address_of(*p))
                .is_some_and(|a| a.port() != 0)
        };
        let judged = !self.tilt.is_on();
        let named = || {
            let user = link.users.first();
            user.and_then(|p| self.address_of(*p))
                .is_some_and(|a| a.is_name() && a.port() != 0)
        };
        Outlook {
            // Above the cap of unanswered commands, replies (which tend the link) make room.
            ping: self
                .next_ping_at(link, down_after)
                .filter(|_| link.has_room()),
            connect: sooner(command, pubsub).filter(|_| reachable()),
            look_up: match link.command.state {
                SocketState::Connecting { since, .. }
                    if self.settings.resolve_hostnames && named() =>
                {
                    Some(since.max(link.looked_up).plus(LONGEST_RETRY_MS))
                }
                _ => None,
            },
            half_open: if judged {
                sooner(
                    self.command_suspect_at(link, down_after),
                    self.pubsub_suspect_at(link),
                )
            } else {
                None
            },
        }
    }
}

/// When which part of a link is due.
#[derive(Clone, Copy, Default)]
struct Outlook {
    ping: Option<Mono>,
    connect: Option<Mono>,
    /// The name of an instance that does not answer a connect.
    look_up: Option<Mono>,
    half_open: Option<Mono>,
}

impl Outlook {
    fn next(self) -> Option<Mono> {
        let links = sooner(self.connect, self.look_up);
        sooner(sooner(self.ping, links), self.half_open)
    }
}

fn retry_at(socket: Option<&LinkSocket>) -> Option<Mono> {
    match socket?.state {
        SocketState::Down { retry_at } => Some(retry_at),
        _ => None,
    }
}

fn sooner(a: Option<Mono>, b: Option<Mono>) -> Option<Mono> {
    match (a, b) {
        (Some(a), Some(b)) => Some(a.min(b)),
        (one, None) | (None, one) => one,
    }
}

impl Sentinel {
    /// A look-up gave another address: both sockets are opened anew, without a pause.
    pub(in crate::core) fn reconnect_resolved(&mut self, id: LinkId, now: Now) {
        self.set_just_resolved(id, true);
        self.drop_link_sockets(id, now);
        self.hasten(id, now);
        self.tend_link(id, now);
        self.set_just_resolved(id, false);
    }

    fn set_just_resolved(&mut self, id: LinkId, resolved: bool) {
        if let Some(link) = self.links.get_mut(&id) {
            link.just_resolved = resolved;
        }
    }
}
