//! The network: who reaches whom, and how long it takes.

use crate::chance::Chance;

/// Directed reachability and latency between hosts.
#[derive(Clone, Debug)]
pub struct Network {
    hosts: usize,
    /// The first so many hosts are servers, the others sentinels.
    servers: usize,
    /// How many causes block each directed pair; 0 = packets arrive.
    blocked: Vec<u16>,
    /// Least and greatest one-way latency in µs.
    pub latency: (u64, u64),
    /// The same between sentinels, when it differs.
    pub between_sentinels: Option<(u64, u64)>,
    /// Vote requests take so much longer, in µs: least and greatest.
    pub late_votes: Option<(u64, u64)>,
    /// Hellos are delivered twice, this many times in a hundred.
    pub duplicates: u64,
    /// One packet in a hundred of these is lost and sent again by TCP 200 ms … 1.2 s later.
    pub loss: u64,
}

impl Network {
    /// Everybody reaches everybody.
    pub fn new(hosts: usize, servers: usize, latency: (u64, u64)) -> Self {
        Network {
            hosts,
            servers,
            blocked: vec![0; hosts * hosts],
            latency,
            between_sentinels: None,
            late_votes: None,
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
        self.between_sentinels = None;
        self.late_votes = None;
        self.duplicates = 0;
        self.loss = 0;
    }

    /// How long one packet between two hosts takes, in µs.
    pub fn travel(&self, a: usize, b: usize, chance: &mut Chance) -> u64 {
        let (least, greatest) = self
            .between_sentinels
            .filter(|_| a.min(b) >= self.servers)
            .unwrap_or(self.latency);
        let mut time = chance.between(least, greatest);
        if self.loss > 0 && chance.percent(self.loss) {
            time += chance.between(200_000, 1_200_000);
        }
        time
    }
}
