//! SENTINEL FAILOVER … COORDINATED: the master hands over to a replica that has all its data, by
//! its own FAILOVER command, while its writers wait.
//!
//! ```text
//!   WaitStart --> SelectReplica --> SendNoOne     (as ever; the replica must follow its master)
//!                                      | '- less than 1 s of FT left: -failover-abort-master-timeout
//!                                      v MULTI, CLIENT PAUSE, FAILOVER TO … TIMEOUT …, EXEC
//!                                   HandOver -- refused, or the master stays one, or FT is long over -> none
//!                                      v the master says that it follows the replica, and the
//!                                      |   replica that it is a master
//!                                ReconfReplicas   (first: MULTI, CONFIG REWRITE, CLIENT KILL x2,
//!                                                  CLIENT UNPAUSE, EXEC to both)
//! ```
//!
//! Nobody else is promoted in its epoch, whatever happens, because the master may hand over later
//! than we think. What stays unclear ends as a failover that was not performed:
//!
//! * Only both servers' words together prove it. A replica that is a master beside one that stayed
//!   a master was promoted by somebody else.
//! * A server that is certain not to hand over (refused; or a master, and idle, by an INFO that
//!   came after FAILOVER was accepted or must have been lost) has its writers let go on at once.
//!   FAILOVER ABORT is never sent for that: in the middle of a handover it would make two masters.
//!   The server's own TIMEOUT ends the wait for its replica.
//! * When the master is objectively down, a replica that says that it is a master is taken for what
//!   it is; else the attempt ends, and the ordinary failover may begin at once, in an epoch of its
//!   own.

use crate::types::{Epoch, Mono, Now};
use crate::wire::{HandOverOutcome, Role, info};

use super::super::action::Ask;
use super::super::event::ConnId;
use super::super::instances::{Master, Replica, Server};
use super::super::notice::{EventName, Level};
use super::super::{MasterId, Party, Sentinel};
use super::{Failover, Stage};

/// With less than this left of `failover-timeout`, the master is not told any more.
const LEAST_TIME_MS: u64 = 1_000;
/// A request on a socket that was lost is taken for lost too after this time: until then the
/// server may still read it.
const LOST_REQUEST_MS: u64 = 1_000;
/// So long after the server's own TIMEOUT we still wait to hear how its handover ended.
const LAST_WORD_MS: u64 = 1_000;

/// A master has been told to hand over.
#[derive(Clone, Debug)]
pub(in crate::core) struct HandOver {
    /// To which replica.
    pub chosen: u32,
    /// What the master calls it.
    target: (String, u16),
    /// The socket on which it was told.
    conn: ConnId,
    /// What became of that.
    told: Told,
    /// The master's newest word.
    word: Option<Word>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Told {
    /// No answer yet.
    Unanswered,
    /// Accepted.
    Begun,
    /// The socket was lost before the answer came, or the answer proves nothing.
    Unknown { since: Mono },
}

/// What a master that was told to hand over says of itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// It follows the replica.
    Resigned,
    /// It is a master and not handing over (any more).
    Stays,
}

impl HandOver {
    /// Whether a word of the master's that was asked then can be about the time after it was told.
    fn knows(&self, server: &Server) -> bool {
        match self.told {
            Told::Unanswered => false,
            // Answers come in the order of the questions.
            Told::Begun => true,
            Told::Unknown { since } => server.informed_since(since.plus(LOST_REQUEST_MS)),
        }
    }
}

impl Sentinel {
    /// Tells the master to hand over, as soon as there is a link to it.
    pub(super) fn step_send_hand_over(&mut self, id: MasterId, chosen: u32, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let timeout = master.settings.failover_timeout;
        let ms = timeout.saturating_sub(now.mono.since(failover.since));
        if ms < LEAST_TIME_MS {
            return self.abort_coordinated(id, "its master could not be told in time", now);
        }
        if master.server.role == Role::Replica {
            return self.abort_coordinated(id, "its master calls itself a replica", now);
        }
        let (epoch, since) = (failover.epoch, failover.since);
        let conn = self
            .link(Party::master(id))
            .filter(|link| !link.is_disconnected())
            .and_then(|link| link.command_conn());
        let Some(conn) = conn.filter(|_| !master.server.is_handing_over()) else {
            let end = since.plus((timeout + 1).saturating_sub(LEAST_TIME_MS));
            return self.set_failover_deadline(id, end);
        };
        let Some(replica) = master.replicas.get(&chosen) else {
            return;
        };
        let target = self.name_of_replica(master, replica);
        let ask = Ask::HandOver {
            epoch,
            host: target.0.clone(),
            port: target.1,
            ms,
        };
        let patience = ms.saturating_add(master.settings.down_after);
        self.send(Party::master(id), ask);
        if let Some(server) = self.server_mut(Party::master(id)) {
            server.paused_until = Some(now.mono.plus(patience));
        }
        self.announce_party(EventName::StateWaitPromotion, Party::replica(id, chosen));
        let hand_over = HandOver {
            chosen,
            target,
            conn,
            told: Told::Unanswered,
            word: None,
        };
        self.enter(id, Stage::HandOver(hand_over), now);
        for party in [Party::master(id), Party::replica(id, chosen)] {
            self.want_info(party, now.mono, now);
        }
        self.step_hand_over(id, now);
    }

    /// A replica's host and port as its master prints them, because the master compares texts.
    fn name_of_replica(&self, master: &Master, replica: &Replica) -> (String, u16) {
        let listed = master
            .server
            .info_text
            .clone()
            .map_or_else(Vec::new, |text| info::parse(text).replicas);
        let own = listed.into_iter().find(|line| {
            self.known_address(&line.host, line.port)
                .is_some_and(|address| address.same_as(&replica.address))
        });
        match own {
            Some(line) => (line.host, line.port),
            None => {
                let host = replica.address.announced(self.settings.announce_hostnames);
                (host, replica.address.port())
            }
        }
    }

    pub(super) fn step_hand_over(&mut self, id: MasterId, now: Now) {
        self.note_lost_request(id, now);
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(failover) = &master.failover else {
            return;
        };
        let Stage::HandOver(hand_over) = &failover.stage else {
            return;
        };
        let chosen = hand_over.chosen;
        let replica = master.replicas.get(&chosen);
        let replica_is_master = replica.is_some_and(|r| r.server.role == Role::Master);
        match hand_over.word {
            Some(Word::Stays) => {
                self.let_writers_go_on(Party::master(id));
                return self.abort_coordinated(
                    id,
                    "its master has stayed one: the replica did not catch up in time, or would not \
                     take over",
                    now,
                );
            }
            Some(Word::Resigned) if replica_is_master => {
                return self.hand_over_proved(id, chosen, now);
            }
            _ => {}
        }
        if master.is_odown() {
            if replica_is_master {
                return self.hand_over_proved(id, chosen, now);
            }
            return self.abort_coordinated(id, "its master died", now);
        }
        // The server gives up at the same time: its last word is worth waiting for.
        let limit = master
            .settings
            .failover_timeout
            .saturating_add(LAST_WORD_MS);
        let end = failover.since.plus(limit + 1);
        if end <= now.mono {
            self.announce_party(EventName::AbortSlaveTimeout, Party::master(id));
            return self.end_coordinated(id, now);
        }
        self.set_failover_deadline(id, end);
        self.poll_info(Party::master(id), now);
        self.poll_info(Party::replica(id, chosen), now);
    }

    /// The others are told in this very turn, and the time for that is limited from now on: no
    /// other event need follow.
    fn hand_over_proved(&mut self, id: MasterId, chosen: u32, now: Now) {
        self.promotion_proved(id, chosen, now);
        self.step_failover(id, now);
    }

    /// The answer to the transaction will not come on a socket that is gone.
    fn note_lost_request(&mut self, id: MasterId, now: Now) {
        let conn = self
            .link(Party::master(id))
            .and_then(|link| link.command_conn());
        if let Some(hand_over) = self.hand_over_mut(id)
            && hand_over.told == Told::Unanswered
            && Some(hand_over.conn) != conn
        {
            hand_over.told = Told::Unknown { since: now.mono };
        }
    }

    /// What became of the transaction.
    pub(in crate::core) fn hand_over_answered(
        &mut self,
        user: Option<Party>,
        conn: ConnId,
        epoch: Epoch,
        outcome: HandOverOutcome,
        now: Now,
    ) {
        let Some(user) = user else { return };
        let id = user.master;
        let present = self
            .masters
            .get(&id)
            .and_then(|m| m.failover.as_ref())
            .is_some_and(|f| f.epoch == epoch);
        let hand_over = self
            .hand_over_mut(id)
            .filter(|h| present && h.conn == conn && h.told == Told::Unanswered);
        let Some(hand_over) = hand_over else {
            // The attempt is over. Writers that were paused for nothing go on.
            if let HandOverOutcome::Refused { paused: true, .. } = outcome {
                self.let_writers_go_on(user);
            }
            return;
        };
        match outcome {
            HandOverOutcome::Begun => hand_over.told = Told::Begun,
            HandOverOutcome::Unclear(text) => {
                hand_over.told = Told::Unknown { since: now.mono };
                let line = format!(
                    "{} answered FAILOVER in a way that proves nothing: '{text}'",
                    self.describe(user)
                );
                self.log(Level::Warning, line);
            }
            HandOverOutcome::Refused { why, paused } => {
                if paused {
                    self.let_writers_go_on(user);
                } else if let Some(server) = self.server_mut(user) {
                    server.paused_until = None;
                }
                let mut why = format!("its master refused: '{why}'");
                if why.contains("NOPERM") {
                    why.push_str(
                        ". Beside its usual permissions, our user on it needs +failover \
                         +client|pause +client|unpause",
                    );
                }
                return self.abort_coordinated(id, &why, now);
            }
        }
        self.step_failover(id, now);
    }

    /// Takes in what the master's INFO says while it is to hand over.
    pub(in crate::core) fn note_word_of_master(&mut self, id: MasterId, now: Now) {
        self.note_lost_request(id, now);
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let Some(Stage::HandOver(hand_over)) = master.failover.as_ref().map(|f| &f.stage) else {
            return;
        };
        let server = &master.server;
        let word = match server.role {
            Role::Replica if self.follows_target(master, hand_over) => Some(Word::Resigned),
            Role::Master if !server.is_handing_over() && hand_over.knows(server) => {
                Some(Word::Stays)
            }
            _ => None,
        };
        if let Some(hand_over) = self.hand_over_mut(id) {
            hand_over.word = word;
        }
    }

    fn follows_target(&self, master: &Master, hand_over: &HandOver) -> bool {
        let Some((host, port)) = &master.server.follows else {
            return false;
        };
        let (target_host, target_port) = &hand_over.target;
        let as_told = host.eq_ignore_ascii_case(target_host) && port == target_port;
        let replica = master.replicas.get(&hand_over.chosen);
        let by_address = || {
            self.known_address(host, *port)
                .zip(replica)
                .is_some_and(|(address, replica)| address.same_as(&replica.address))
        };
        as_told || by_address()
    }

    /// A replica to which its master has been told to hand over.
    pub(in crate::core) fn is_handed_over_to(&self, id: MasterId, key: u32) -> bool {
        let failover = self.masters.get(&id).and_then(|m| m.failover.as_ref());
        matches!(failover.map(|f| &f.stage), Some(Stage::HandOver(h)) if h.chosen == key)
    }

    /// The handover is proved: both servers write down what they are and send their clients away,
    /// who come back by asking who the master is; only then do the paused writers go on.
    pub(super) fn release_after_hand_over(&mut self, id: MasterId, promoted: u32) {
        if !self.is_coordinated(id) {
            return;
        }
        for party in [Party::master(id), Party::replica(id, promoted)] {
            self.send(party, Ask::Release);
        }
    }

    /// What became of that.
    pub(in crate::core) fn released(&mut self, user: Option<Party>, outcome: Result<(), String>) {
        let Some(user) = user else { return };
        let Err(why) = outcome else {
            return self.resume_messages(user);
        };
        let line = format!(
            "{} refused to send its clients away after the failover: '{why}'",
            self.describe(user)
        );
        self.log(Level::Warning, line);
        self.let_writers_go_on(user);
    }

    /// There is no handover on this server, or it is done: the writers we paused go on.
    pub(in crate::core) fn let_writers_go_on(&mut self, party: Party) {
        if self
            .server(party)
            .is_some_and(|server| server.paused_until.is_some())
        {
            self.send(party, Ask::Unpause);
        }
    }

    /// What became of that.
    pub(in crate::core) fn unpaused(&mut self, user: Option<Party>, outcome: Result<(), String>) {
        let Some(user) = user else { return };
        let Err(why) = outcome else {
            return self.resume_messages(user);
        };
        let line = format!(
            "{} refused CLIENT UNPAUSE: '{why}'. Its writers wait until the pause is over",
            self.describe(user)
        );
        self.log(Level::Warning, line);
    }

    fn resume_messages(&mut self, party: Party) {
        if let Some(server) = self.server_mut(party) {
            server.paused_until = None;
            self.want_hello(party);
        }
    }

    /// A master that is objectively down can hand over to nobody. If it had not been told yet, the
    /// attempt ends, and the ordinary rules decide about the next.
    pub(super) fn abort_for_dead_master(&mut self, id: MasterId, now: Now) {
        let Some(master) = self.masters.get(&id) else {
            return;
        };
        let untold = |f: &Failover| {
            f.is_coordinated()
                && matches!(
                    f.stage,
                    Stage::WaitStart | Stage::SelectReplica | Stage::SendNoOne { .. }
                )
        };
        if master.is_odown() && master.failover.as_ref().is_some_and(untold) {
            self.abort_coordinated(id, "its master is down", now);
        }
    }

    /// Ends an attempt that will not be performed, and says why.
    fn abort_coordinated(&mut self, id: MasterId, why: &str, now: Now) {
        let line = format!(
            "The coordinated failover of {} was not performed: {why}",
            self.describe(Party::master(id))
        );
        self.log(Level::Warning, line);
        self.announce_party(EventName::AbortMasterTimeout, Party::master(id));
        self.end_coordinated(id, now);
    }

    /// Ends a coordinated attempt. An operator's order that came to nothing must not hold back the
    /// failover that a death of the master would need; an attempt before it, or a vote given to
    /// another sentinel, still does.
    pub(super) fn end_coordinated(&mut self, id: MasterId, now: Now) {
        if let Some(master) = self.masters.get_mut(&id) {
            let before = master.failover.as_ref().and_then(|f| f.stamp_before);
            master.attempt_stamp = master.yielded_at.max(before);
        }
        self.end_attempt(id, now);
    }

    /// The failover in progress was ordered so.
    pub(super) fn is_coordinated(&self, id: MasterId) -> bool {
        self.masters
            .get(&id)
            .and_then(|m| m.failover.as_ref())
            .is_some_and(|f| f.is_coordinated())
    }

    fn hand_over_mut(&mut self, id: MasterId) -> Option<&mut HandOver> {
        match &mut self.masters.get_mut(&id)?.failover.as_mut()?.stage {
            Stage::HandOver(hand_over) => Some(hand_over),
            _ => None,
        }
    }
}
