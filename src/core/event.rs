//! What the core is told. Every fact enters through one of these.

use std::net::IpAddr;
use std::sync::Arc;

use crate::types::{Epoch, MasterName, RunId, Secret};
use crate::wire::{DownReply, HandOverOutcome, InfoReport, PingVerdict, TransactionOutcome};

use super::persist::Version;
use super::scripts::ScriptId;

/// One socket, from its `Action::Connect` to its end. Never reused, so a late fact about an
/// old socket can never be taken for one about its successor.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnId(pub u64);

/// A caller of the shell's who waits for an [`super::Action::Reply`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Waiter(pub u64);

/// A fact, with everything needed to act on it.
#[derive(Debug)]
pub enum Event {
    /// Time has passed: deadlines that are due are met. All facts that have arrived until now
    /// come before it.
    Tick,
    /// A connect finished; what was sent meanwhile has been queued in order.
    Connected {
        /// Which socket.
        conn: ConnId,
        /// The local address of the socket, if it can be read.
        local_ip: Option<IpAddr>,
    },
    /// A connect failed, or a socket ended. The id is dead from here on; asks still
    /// unanswered on it never will be.
    Closed {
        /// Which socket.
        conn: ConnId,
        /// For the log: what the operating system or the parser said.
        reason: String,
    },
    /// The reply to an ask. Replies of one socket arrive in the order of the asks.
    Answered {
        /// Which socket.
        conn: ConnId,
        /// What came back.
        answer: Answer,
    },
    /// Something arrived on a subscribed socket.
    Heard {
        /// Which socket.
        conn: ConnId,
        /// The hello text, when it was a message on the hello channel; `None` for any other
        /// element (the subscribe confirmation, an unexpected push).
        hello: Option<String>,
    },
    /// A client published a hello to us directly.
    HelloPublished {
        /// The message as received.
        text: String,
    },
    /// Another sentinel asks for our opinion and perhaps for our vote.
    AskedDown {
        /// Who waits for the [`super::Reply::Down`].
        waiter: Waiter,
        /// The question.
        question: DownQuestion,
        /// The `CLIENT SETNAME` name of the asking connection, if it has one.
        client_name: Option<String>,
    },
    /// An operator's or client's instruction.
    Instructed {
        /// Who waits for the [`super::Reply`].
        waiter: Waiter,
        /// What to do.
        instruction: Instruction,
    },
    /// A host name was looked up, as [`super::Action::Resolve`] asked.
    Resolved {
        /// The name as it was asked.
        host: Arc<str>,
        /// The first address, or why there is none.
        outcome: Result<IpAddr, String>,
    },
    /// The state up to and including this version is on disk.
    Durable {
        /// The newest durable version.
        version: Version,
        /// How long the write took, in ms.
        took_ms: u64,
    },
    /// The process of a script exists, as [`super::Action::StartScript`] asked.
    ScriptStarted {
        /// Which script.
        script: ScriptId,
        /// Its process.
        pid: u32,
    },
    /// A script could not be started; no other event follows for this start.
    ScriptFailed {
        /// Which script.
        script: ScriptId,
        /// Why.
        failure: StartFailure,
    },
    /// The process of a script has ended; it was started before.
    ScriptEnded {
        /// Which script.
        script: ScriptId,
        /// How.
        end: ScriptEnd,
    },
    /// Writing this version (and any older one not yet durable) failed.
    NotDurable {
        /// The newest version that the failed write carried.
        version: Version,
        /// For the log.
        reason: String,
    },
}

/// Why a script did not start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StartFailure {
    /// The system has no process to spare at present; for the log.
    NoProcess(String),
    /// The file is no program that we may run; for the log.
    NotExecutable(String),
}

/// How the process of a script ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScriptEnd {
    /// By itself, with this status.
    Exited(u8),
    /// By this signal.
    Killed(i32),
}

/// The reply to one [`super::Ask`], understood at the edge. An answer carries what identifies
/// its ask, so that the core keeps no queue.
#[derive(Debug)]
pub enum Answer {
    /// To `Ask::Auth`: the error text if it was refused.
    Auth(Result<(), String>),
    /// To asks whose answer does not matter (SETNAME, SCRIPT KILL).
    Done,
    /// To `Ask::Ping`.
    Ping(PingVerdict),
    /// To `Ask::Info`: an error reply gives `Err` with its text.
    Info(Result<Box<InfoReport>, String>),
    /// To `Ask::Hello`: who it was for, and the error text if it was refused.
    Hello(super::Party, Result<(), String>),
    /// To `Ask::MasterDown`: `None` when the reply had another shape.
    MasterDown {
        /// The record that asked: the peer under its master.
        peer: super::Party,
        /// The formal reply.
        reply: Option<DownReply>,
    },
    /// To `Ask::Replicate`: what became of the transaction.
    Replicate(super::Party, TransactionOutcome),
    /// To `Ask::HandOver`: what became of the transaction.
    HandOver {
        /// The failover it belongs to.
        epoch: Epoch,
        /// What became of it.
        outcome: HandOverOutcome,
    },
    /// To `Ask::Release`: why writers do not go on, if they do not.
    Released(Result<(), String>),
    /// To `Ask::Unpause`: the same.
    Unpaused(Result<(), String>),
}

impl Answer {
    /// The answer to a transaction (see [`super::Ask::is_transaction`]).
    pub fn is_transaction(&self) -> bool {
        matches!(
            self,
            Answer::Replicate(..) | Answer::HandOver { .. } | Answer::Released(..)
        )
    }
}

/// `SENTINEL IS-MASTER-DOWN-BY-ADDR`, validated.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DownQuestion {
    /// The master's host text as the asker knows it (an IP or a name).
    pub host: String,
    /// Its port; not range-checked, an impossible port finds nothing.
    pub port: i64,
    /// The epoch asked about.
    pub epoch: Epoch,
    /// `None` for `*`: an opinion only. Else the candidate to vote for.
    pub candidate: Option<RunId>,
}

/// What an operator (or a client) can make the core do.
#[derive(Clone, Debug, PartialEq)]
pub enum Instruction {
    /// `SENTINEL MONITOR`. What is left to check, in this order: the host, the port's range,
    /// the name being new.
    Monitor {
        /// The new group's name.
        name: MasterName,
        /// IP literal or name, as written.
        host: String,
        /// As given: valid from 0 to 65535.
        port: i64,
        /// At least 1.
        quorum: u32,
    },
    /// `SENTINEL REMOVE`.
    Remove {
        /// The group.
        name: MasterName,
    },
    /// `SENTINEL RESET`.
    Reset {
        /// A case-sensitive glob over names.
        pattern: String,
    },
    /// `SENTINEL FAILOVER`.
    Failover {
        /// The group.
        name: MasterName,
        /// In which way.
        how: FailoverHow,
    },
    /// `SENTINEL SET`: applied option by option; then, if parsing stopped early, the error.
    Set {
        /// The group.
        name: MasterName,
        /// Options in order, each with its text for the `+set` event.
        changes: Vec<SetChange>,
        /// The full error text (without the leading `-`) of the first bad option.
        then_error: Option<String>,
    },
    /// `SENTINEL CONFIG SET`, all pairs valid.
    ConfigSet(Vec<ConfigChange>),
    /// `SENTINEL DEBUG` pairs; applied in order, then the error if parsing stopped early.
    Debug {
        /// The pairs read so far.
        changes: Vec<(TimingKey, u64)>,
        /// The full error text of the first bad pair.
        then_error: Option<String>,
    },
    /// `SENTINEL FLUSHCONFIG`.
    FlushConfig,
    /// `SENTINEL SIMULATE-FAILURE`: the new set of flags.
    SimulateFailure {
        /// Exit right after `+elected-leader`.
        crash_after_election: bool,
        /// Exit right after `+promoted-slave`.
        crash_after_promotion: bool,
    },
}

/// How an operator wants a failover done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FailoverHow {
    /// Promote a replica without asking anybody.
    Forced,
    /// `COORDINATED`: after an election, the master itself hands over to a replica that has all its
    /// data.
    Coordinated,
    /// A word that names neither: an error, once the group is known.
    Unknown,
}

/// One option of `SENTINEL SET`, with the words that its `+set` event shows.
#[derive(Clone, Debug, PartialEq)]
pub struct SetChange {
    /// `<option as typed> <value…>`, the password masked.
    pub shown: String,
    /// The change.
    pub option: SetOption,
}

/// The options of `SENTINEL SET`.
#[derive(Clone, Debug, PartialEq)]
pub enum SetOption {
    /// Milliseconds, > 0; copied to the group's replicas and peers.
    DownAfter(u64),
    /// Milliseconds, > 0.
    FailoverTimeout(u64),
    /// At least 1.
    ParallelSyncs(u32),
    /// At least 1.
    Quorum(u32),
    /// Milliseconds, 0 = off.
    MasterRebootDownAfter(u64),
    /// `None` unsets.
    AuthPass(Option<Secret>),
    /// `None` unsets.
    AuthUser(Option<String>),
    /// `None` unsets. The shell has checked that the file is executable.
    NotificationScript(Option<String>),
    /// `None` unsets. The shell has checked that the file is executable.
    ClientReconfigScript(Option<String>),
    /// Both words not empty; equal words (ignoring case) remove the mapping.
    RenameCommand(String, String),
}

impl SetOption {
    /// True for the two script paths, which `deny-scripts-reconfig` guards.
    pub fn is_script(&self) -> bool {
        matches!(
            self,
            SetOption::NotificationScript(_) | SetOption::ClientReconfigScript(_)
        )
    }
}

/// The parameters of `SENTINEL CONFIG SET` that concern the core.
#[derive(Clone, Debug, PartialEq)]
pub enum ConfigChange {
    /// Whether names are looked up at all.
    ResolveHostnames(bool),
    /// Whether names rather than IPs are shown to others.
    AnnounceHostnames(bool),
    /// `None` when given empty: unset.
    AnnounceIp(Option<String>),
    /// 0 unsets.
    AnnouncePort(u16),
    /// `None` unsets.
    SentinelUser(Option<String>),
    /// `None` unsets.
    SentinelPass(Option<Secret>),
    /// One of `debug verbose notice warning nothing`; kept for persistence, applied by the shell.
    LogLevel(String),
}

/// The names of `SENTINEL DEBUG`, in the order of its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[allow(missing_docs)]
pub enum TimingKey {
    InfoPeriod,
    PingPeriod,
    AskPeriod,
    PublishPeriod,
    DefaultDownAfter,
    DefaultFailoverTimeout,
    TiltTrigger,
    TiltPeriod,
    SlaveReconfTimeout,
    MinLinkReconnectPeriod,
    ElectionTimeout,
    ScriptMaxRuntime,
    ScriptRetryDelay,
}
