//! The single changes that faults are made of.

use rsentinel::core::event::Instruction;

use crate::server::{Lie, Restart};

/// One change to the world.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// A server's process ends; its sockets are reset.
    KillServer(usize),
    /// A server's machine loses power: silence.
    PowerOff(usize),
    /// A server's process starts; loading takes so many ms.
    StartServer(usize, Restart, u64),
    /// A server's machine is replaced by one with another address, under the same name; names lead
    /// to the old one for so many ms. Only where servers have names.
    Move(usize, u64),
    /// A server stops or continues (SIGSTOP, SIGCONT).
    Hang(usize, bool),
    /// A script runs on a server for so many ms.
    Busy(usize, u64),
    /// A server loads for so many ms.
    Loading(usize, u64),
    /// A server refuses our password, or takes it again.
    NoAuth(usize, bool),
    /// A server refuses INFO, or does so no longer.
    RefuseInfo(usize, bool),
    /// A server refuses SLAVEOF, or takes it again.
    RefuseSlaveof(usize, bool),
    /// A server refuses FAILOVER, or takes it again.
    RefuseFailover(usize, bool),
    /// A server's INFO is wrong, or right again.
    Lie(usize, Option<Lie>),
    /// A server's priority.
    Priority(usize, i64),
    /// An operator sends SLAVEOF to a server himself: whom to follow.
    Slaveof(usize, Option<usize>),
    /// Every connection to and from a host is reset.
    Reset(usize),
    /// The far ends of all connections to a host are gone, and nobody was told.
    HalfOpen(usize),
    /// A sentinel's process dies.
    Crash(usize),
    /// A sentinel's process starts from its disk.
    Start(usize),
    /// A new sentinel with a new id takes a dead one's place.
    Replace(usize),
    /// A sentinel stops or continues (SIGSTOP, SIGCONT).
    Pause(usize, bool),
    /// Writes of a sentinel fail, or work again.
    DiskFails(usize, bool),
    /// Writes of a sentinel take from … to … µs.
    DiskSpeed(usize, u64, u64),
    /// So many of the next writes of a sentinel that carry a vote fail.
    VotesFail(usize, u32),
    /// Packets of one direction between two hosts are lost, or arrive again.
    Block(usize, usize, bool),
    /// One-way latency from … to … µs.
    Latency(u64, u64),
    /// So many hellos in a hundred arrive twice.
    Duplicates(u64),
    /// So many packets in a hundred are lost and sent again by TCP.
    Loss(u64),
    /// Name look-ups take so many ms, and so many in a hundred fail.
    Resolver(u64, u64),
    /// The wall clock of a sentinel jumps by so many ms.
    WallJump(usize, i64),
    /// An operator instructs a sentinel.
    Instruct(usize, Instruction),
    /// An operator has a sentinel monitor a group again, at the address another sentinel gives.
    MonitorAgain(usize, usize),
}
