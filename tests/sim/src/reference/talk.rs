//! Links and periodic commands.

use rsentinel::core::action::{Action, FarEnd, Socket};
use rsentinel::core::notice::EventName;
use rsentinel::core::{Ask, ConnId, Party, Who};
use rsentinel::wire::{Hello, PingVerdict, Role};

use super::{Reference, Step};

impl Reference {
    /// Opens what is missing, one attempt a second.
    pub(super) fn connect(&mut self, party: Party, now: u64) {
        let needs_pubsub = !matches!(party.who, Who::Peer(_));
        let Some(record) = self.record(party) else {
            return;
        };
        let complete = record.command.is_some() && (record.pubsub.is_some() || !needs_pubsub);
        if complete || record.last_attempt.is_some_and(|at| now - at < 1_000) {
            return;
        }
        let located = self.locate(&record.address.clone());
        let Some(to) = located.socket() else { return };
        let (command, pubsub) = (record.command, record.pubsub);
        let short: String = self.my_id.as_str().chars().take(8).collect();
        if let Some(record) = self.record_mut(party) {
            record.last_attempt = Some(now);
            record.address = located;
        }
        if command.is_none() {
            let conn = self.open(party, to, Socket::Command);
            if let Some(record) = self.record_mut(party) {
                record.command = Some(conn);
                record.connected_at = now;
            }
            self.say(conn, Ask::SetName(format!("sentinel-{short}-cmd")));
            self.ping(party, now);
        }
        if pubsub.is_none() && needs_pubsub {
            let conn = self.open(party, to, Socket::Pubsub);
            if let Some(record) = self.record_mut(party) {
                record.pubsub = Some(conn);
            }
            self.say(conn, Ask::SetName(format!("sentinel-{short}-pubsub")));
            self.say(conn, Ask::Subscribe);
        }
    }

    fn open(&mut self, party: Party, to: std::net::SocketAddr, socket: Socket) -> ConnId {
        self.next_conn += 1;
        let conn = ConnId(self.next_conn);
        self.conns.insert(conn, (party, socket == Socket::Command));
        self.out.push_back(Action::Connect {
            conn,
            to,
            socket,
            far_end: FarEnd::Server, // Nobody here asks.
            host: "".into(),
            what: String::new(),
        });
        conn
    }

    pub(super) fn say(&mut self, conn: ConnId, ask: Ask) {
        self.out.push_back(Action::Send {
            conn,
            ask,
            words: self.words.clone(),
        });
    }

    /// Closes sockets of records that go away or move.
    pub(super) fn drop_links(&mut self, id: u32, which: impl Fn(Party) -> bool) {
        let lost: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, (party, _))| party.master.0 == id && which(*party))
            .map(|(conn, _)| *conn)
            .collect();
        for conn in lost {
            self.closed(conn);
            self.out.push_back(Action::Close { conn });
        }
    }

    pub(super) fn closed(&mut self, conn: ConnId) {
        self.local_ips.remove(&conn);
        let Some((party, command)) = self.conns.remove(&conn) else {
            return;
        };
        if let Some(record) = self.record_mut(party) {
            if command {
                record.command = None;
            } else {
                record.pubsub = None;
            }
        }
    }

    pub(super) fn disconnected(&self, party: Party) -> bool {
        self.record(party).is_none_or(|r| {
            r.command.is_none() || (r.pubsub.is_none() && !matches!(party.who, Who::Peer(_)))
        })
    }

    fn ping(&mut self, party: Party, now: u64) {
        let Some(record) = self.record_mut(party) else {
            return;
        };
        let Some(conn) = record.command else { return };
        record.last_ping = now;
        record.ping_pending.get_or_insert(now);
        self.say(conn, Ask::Ping);
    }

    pub(super) fn pinged(&mut self, party: Party, verdict: &PingVerdict, now: u64) {
        let Some(record) = self.record_mut(party) else {
            return;
        };
        record.last_any = now;
        if matches!(
            verdict,
            PingVerdict::Pong | PingVerdict::Loading | PingVerdict::MasterDown
        ) {
            record.last_valid = now;
            record.ping_pending = None;
        }
        if *verdict == PingVerdict::Busy
            && record.down.is_some()
            && let Some(conn) = record.command
        {
            self.say(conn, Ask::ScriptKill);
        }
    }

    /// INFO, PING, hello, each when it is due.
    pub(super) fn periodic(&mut self, party: Party, now: u64) {
        if self.disconnected(party) {
            return;
        }
        let Some(group) = self.groups.get(&party.master.0) else {
            return;
        };
        let down_after = group.settings.down_after;
        let hurried = group.odown || group.in_progress();
        let Some(record) = self.record(party) else {
            return;
        };
        let Some(conn) = record.command else { return };
        let is_replica = matches!(party.who, Who::Replica(_));
        let period = if is_replica && (hurried || record.outage != 0) {
            1_000
        } else {
            10_000
        };
        let info = !matches!(party.who, Who::Peer(_))
            && record.info_time.is_none_or(|at| now - at > period);
        let interval = down_after.min(1_000);
        let ping = now.saturating_sub(record.last_any) > interval
            && now.saturating_sub(record.last_ping) > interval / 2;
        let greet = now.saturating_sub(record.last_hello) > 2_000;
        if info {
            self.say(conn, Ask::Info);
        }
        if ping {
            self.ping(party, now);
        }
        if greet && let Some(text) = self.hello_text(party, conn) {
            self.say(conn, Ask::Hello { party, text });
        }
    }

    fn hello_text(&self, party: Party, conn: ConnId) -> Option<String> {
        let group = self.groups.get(&party.master.0)?;
        let address = group.effective();
        let hello = Hello {
            ip: self.local_ips.get(&conn)?.to_string(),
            port: i64::from(self.port),
            id: self.my_id.clone(),
            current_epoch: self.current_epoch,
            master: group.name.clone(),
            master_host: address.announced(self.conf.announce_hostnames),
            master_port: i64::from(address.port()),
            config_epoch: group.config_epoch,
        };
        Some(hello.payload())
    }

    /// SDOWN, and the half-open check.
    pub(super) fn judge_down(&mut self, party: Party, now: u64) {
        let Some(group) = self.groups.get(&party.master.0) else {
            return;
        };
        let down_after = group.settings.down_after;
        let disconnected = self.disconnected(party);
        let Some(record) = self.record(party) else {
            return;
        };
        let elapsed = match record.ping_pending {
            Some(since) => now - since,
            None if disconnected => now - record.last_valid,
            None => 0,
        };
        let half_open = record.command.filter(|_| {
            now - record.connected_at > 15_000
                && record
                    .ping_pending
                    .is_some_and(|at| now - at > down_after / 2)
                && now - record.last_any > down_after / 2
        });
        let mismatch = party.who == Who::Master
            && record.role == Role::Replica
            && now - record.role_since > down_after + 20_000;
        let down = elapsed > down_after || mismatch;
        if let Some(conn) = half_open {
            self.closed(conn);
            self.out.push_back(Action::Close { conn });
        }
        let Some(record) = self.record_mut(party) else {
            return;
        };
        match (record.down.is_some(), down) {
            (false, true) => {
                record.down = Some(now);
                record.last_down = Some(now);
                self.announce_of(EventName::Sdown, party);
            }
            (true, false) => {
                record.down = None;
                self.announce_of(EventName::SdownEnd, party);
            }
            _ => {}
        }
    }

    /// A hello to everybody at the next turn.
    pub(super) fn greet_all(&mut self, id: u32, now: u64) {
        let Some(group) = self.groups.get_mut(&id) else {
            return;
        };
        debug_assert_eq!(group.step, Step::Reconf);
        let all = std::iter::once(&mut group.record)
            .chain(group.replicas.values_mut())
            .chain(group.peers.values_mut());
        for record in all {
            record.last_hello = record.last_hello.min(now.saturating_sub(2_001));
        }
    }
}
