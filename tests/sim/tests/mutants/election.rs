//! Mutants of votes, counting and candidacy.

use super::{CALM, Mutant, PLAIN};

/// Some in which an election looks void and is not.
const VOID: &[&str] = &["--seeds", "110..180"];

pub const MUTANTS: &[Mutant] = &[
    Mutant {
        name: "a vote is answered before it is durable",
        edits: &[(
            "election/vote.rs",
            "        self.propose_vote(
            id,
            epoch,
            votes.then_some(candidate),
            vec![(waiter, question)],
        );",
            "        self.reply_down(waiter, DownOpinion { down, leader: Some(candidate.clone()), epoch });
        self.propose_vote(id, epoch, votes.then_some(candidate), Vec::new());",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a vote is given twice in an epoch",
        edits: &[(
            "election/vote.rs",
            "let votes = master.leader_epoch < epoch && current <= epoch;",
            "let votes = (master.leader_epoch < epoch || master.voted_for.as_ref() != Some(&candidate))
            && current <= epoch;",
        )],
        breaks: &["S1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a candidate votes for itself in an epoch in which it has voted for another",
        edits: &[(
            "election/vote.rs",
            "master.pending_vote.is_some() || master.leader_epoch >= failover.epoch",
            "master.pending_vote.is_some() || master.leader_epoch > failover.epoch",
        )],
        // Its own vote is cast again and again, and its writes keep an election open for ever.
        breaks: &["S1", "L3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a candidacy follows an epoch in which it has voted for another",
        edits: &[
            (
                "instances/master.rs",
                "self.leader_epoch >= epoch || pending_for_other",
                "self.leader_epoch > epoch && pending_for_other",
            ),
        ],
        breaks: &["S1"],
        seeds: PLAIN,
    },
    Mutant {
        name: "requests that come while a vote is being written do not wait behind it",
        edits: &[(
            "election/vote.rs",
            "            pending.callers.push((waiter, question));
            return;",
            "            pending.callers.push((waiter, question.clone()));
            pending.candidate = Some(candidate.clone());
            return;",
        )],
        breaks: &["S1", "S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "votes are counted across epochs",
        edits: &[(
            "election/count.rs",
            ".filter(|p| p.vote.epoch == epoch && p.vote.leader.as_ref() == Some(me));",
            ".filter(|p| p.vote.leader.as_ref() == Some(me));",
        )],
        breaks: &["S5"],
        seeds: PLAIN,
    },
    Mutant {
        name: "votes for whomever are counted",
        edits: &[(
            "election/count.rs",
            ".filter(|p| p.vote.epoch == epoch && p.vote.leader.as_ref() == Some(me));",
            ".filter(|p| p.vote.epoch == epoch && p.vote.leader.is_some());",
        )],
        breaks: &["S5", "S4"],
        seeds: PLAIN,
    },
    Mutant {
        name: "an election is declared before the own vote is durable",
        edits: &[(
            "election/count.rs",
            "        own && (failover.is_forced()",
            "        let _ = own;
        (failover.is_forced()",
        )],
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a majority is not needed, the quorum is enough",
        edits: &[(
            "instances/master.rs",
            "self.majority().max(self.settings.quorum as usize)",
            "self.settings.quorum as usize",
        )],
        breaks: &["S5", "S4"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a quorum above the majority is not needed for the votes",
        edits: &[(
            "instances/master.rs",
            "self.majority().max(self.settings.quorum as usize)",
            "self.majority()",
        )],
        breaks: &["S5"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a majority of the peers that are up is enough",
        edits: &[(
            "instances/master.rs",
            "        self.peers.len() + 1
    }",
            "        self.peers.values().filter(|p| !p.health.is_down()).count() + 1
    }",
        )],
        breaks: &["S5"],
        seeds: PLAIN,
    },
    Mutant {
        name: "masters share an epoch in which this one already has a vote",
        edits: &[(
            "election/burst.rs",
            "        let used = master
            .leader_epoch
            .max(master.config_epoch)",
            "        let used = master
            .config_epoch",
        )],
        // When the vote is one for another, nobody is elected by it. But those for an order to the
        // master itself that came to nothing would count once more, for the attempt after it.
        breaks: &["S2"],
        seeds: PLAIN,
    },
    Mutant {
        name: "the wait of twice failover-timeout is skipped",
        edits: &[(
            "election/candidacy.rs",
            "        let wait = (2 * master.settings.failover_timeout).saturating_add(later);",
            "        let _ = later;
        let wait = 0;",
        )],
        breaks: &["2xFT"],
        seeds: PLAIN,
    },
    Mutant {
        name: "a vote for another does not hold an own attempt back",
        edits: &[(
            "election/vote.rs",
            "                master.attempt_stamp = Some(stamp);
",
            "                let _ = stamp;
",
        )],
        breaks: &["2xFT"],
        seeds: PLAIN,
    },
    Mutant {
        name: "candidates are not desynchronised",
        edits: &[(
            "election/candidacy.rs",
            "        rank * slot + self.rng.random_range(0..=slot / 4)",
            "        let _ = (rank * slot, self.rng.random_range(0..=slot / 4));
        0",
        )],
        // No rule of safety: votes are split, and the failover waits for the next attempt.
        breaks: &["SLOW"],
        seeds: CALM,
    },
    Mutant {
        name: "an unelected candidate never gives up",
        edits: &[(
            "failover/wait_start.rs",
            "        if end > now.mono && !void {",
            "        if (end > now.mono || failover.started < now.mono) && !void {",
        )],
        breaks: &["L3"],
        seeds: PLAIN,
    },
    Mutant {
        name: "an election that a candidate cannot win is void, whoever may have won it",
        edits: &[(
            "election/void.rs",
            "    known - strongest_rival >= master.majority()",
            "    let _ = known - strongest_rival;
    true",
        )],
        breaks: &["VOID"],
        seeds: VOID,
    },
    Mutant {
        name: "a majority that has voted makes an election void, also one that has voted alike",
        edits: &[(
            "election/void.rs",
            "    known - strongest_rival >= master.majority()",
            "    let _ = strongest_rival;
    known >= master.majority()",
        )],
        breaks: &["VOID"],
        seeds: VOID,
    },
];
