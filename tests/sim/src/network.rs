//! The network: who reaches whom, and how long it takes.

use crate::chance::Chance;

/// Directed reachability and latency between hosts.
#[derive(Clone, Debug)]
pub struct Network {
    hosts: usize,
    /// How many causes block each directed pair; 0 = packets arrive.
    blocked: Vec<u16>,
    /// Least and greatest one-way latency in µs.
    pub latency: (u64, u64),
    /// Hellos are delivered twice, this many times in a hundred.
    pub duplicates: u64,
    /// One packet in a hundred of these is lost and sent again by TCP 200 ms … 1.2 s later.
    pub loss: u64,
}

impl Network {
    /// Everybody reaches everybody.
    pub fn new(hosts: usize, latency: (u64, u64)) -> Self {
        Network {
            hosts,
            blocked: vec![0; hosts * hosts],
            latency,
            duplicates: 0,
            loss: 0,
        }
    }

    /// Packets from `from` to `to` arrive.
    pub fn open(&self, from: usize, to: usize) -> bool {
        self.blocked[from * self.hosts + to] == 0
    }

    /// Packets in both directions arrive.
    pub fn open_both(&self, a: usize, b: usize) -> bool {
        self.open(a, b) && self.open(b, a)
    }

    /// Blocks one direction once more.
    pub fn block(&mut self, from: usize, to: usize) {
        if from != to {
            self.blocked[from * self.hosts + to] += 1;
        }
    }

    /// Undoes one [`Network::block`].
    pub fn unblock(&mut self, from: usize, to: usize) {
        let slot = &mut self.blocked[from * self.hosts + to];
        *slot = slot.saturating_sub(1);
    }

    /// Everything is well again.
    pub fn heal(&mut self, latency: (u64, u64)) {
        self.blocked.fill(0);
        self.latency = latency;
        self.duplicates = 0;
        self.loss = 0;
    }

    /// How long one packet takes, in µs.
    pub fn travel(&self, chance: &mut Chance) -> u64 {
        let mut time = chance.between(self.latency.0, self.latency.1);
        if self.loss > 0 && chance.percent(self.loss) {
            time += chance.between(200_000, 1_200_000);
        }
        time
    }
}
