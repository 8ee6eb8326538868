//! Quorums, networks and disks that situations are measured on.

use crate::shape::Shape;

/// How many sentinels, and how many of them are models of the reference.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quorum {
    /// Sentinels in all.
    pub nodes: usize,
    /// Of them, models of the reference.
    pub references: usize,
}

impl Quorum {
    /// Real cores only.
    pub fn pure(nodes: usize) -> Self {
        Quorum {
            nodes,
            references: 0,
        }
    }

    /// `3`, or with references `2+1`: real cores, then references.
    pub fn label(self) -> String {
        match self.references {
            0 => self.nodes.to_string(),
            r => format!("{}+{r}", self.nodes - r),
        }
    }
}

/// A range with a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// What it is called.
    pub name: &'static str,
    /// Least and greatest, in µs.
    pub span: (u64, u64),
}

impl Span {
    /// The mean of the range, in µs.
    pub fn mean(self) -> u64 {
        (self.span.0 + self.span.1) / 2
    }
}

/// Networks, by their one-way latency: a round trip takes 0.2 … 0.8 ms, 1 … 6 ms, 10 … 120 ms.
pub const NETWORKS: [Span; 3] = [
    Span {
        name: "lan",
        span: (100, 400),
    },
    Span {
        name: "metro",
        span: (500, 3_000),
    },
    Span {
        name: "wan",
        span: (5_000, 60_000),
    },
];

/// Disks, by the time that a write of the configuration takes.
pub const DISKS: [Span; 3] = [
    Span {
        name: "quick",
        span: (1_000, 4_000),
    },
    Span {
        name: "uneven",
        span: (500, 50_000),
    },
    Span {
        name: "slow",
        span: (20_000, 400_000),
    },
];

/// What rounds are run on.
#[derive(Clone, Copy, Debug)]
pub struct Ground {
    /// The sentinels.
    pub quorum: Quorum,
    /// One-way latency.
    pub network: Span,
    /// Writes.
    pub disk: Span,
}

/// Sentinels start within so many µs of each other, as after a rolling restart.
const STARTS: u64 = 5_000_000;

impl Ground {
    /// A cluster on this ground.
    pub fn shape(self, replicas: usize) -> Shape {
        Shape {
            references: self.quorum.references,
            latency: self.network.span,
            write: self.disk.span,
            starts: STARTS,
            phases: true,
            ..Shape::plain(self.quorum.nodes, replicas)
        }
    }

    /// What it is called, in parts.
    pub fn labels(self) -> Vec<(&'static str, String)> {
        vec![
            ("sentinels", self.quorum.label()),
            ("network", self.network.name.to_owned()),
            ("disk", self.disk.name.to_owned()),
        ]
    }
}
