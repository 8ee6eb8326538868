//! The comment line `# rsentinel voted-for <master> <epoch> <id>`: whom the last vote went to.
//!
//! redis-sentinel forgets this when it restarts and may then vote a second time in the same
//! epoch. A comment keeps the file readable for it. The line counts only while its epoch equals
//! the master's `leader-epoch`.

use crate::types::{Epoch, MasterName, RunId, split_args};

use super::quoting;

const MARK: &[u8] = b"# rsentinel voted-for ";

/// One such line.
#[derive(Clone, Debug, PartialEq)]
pub struct VotedFor {
    /// The group the vote was about.
    pub master: MasterName,
    /// In which epoch it was given.
    pub epoch: Epoch,
    /// Who got it.
    pub id: RunId,
}

impl VotedFor {
    /// Reads a trimmed line; `None` when it is any other line.
    pub fn read(line: &[u8]) -> Option<Self> {
        let words = split_args(line.strip_prefix(MARK)?).ok()?;
        let [master, epoch, id] = words.as_slice() else {
            return None;
        };
        let text = |word| std::str::from_utf8(word).ok();
        Some(VotedFor {
            master: MasterName::new(text(master)?),
            epoch: Epoch::new(text(epoch)?.parse().ok()?)?,
            id: RunId::new(text(id)?),
        })
    }

    /// The line.
    pub fn write(&self) -> Vec<u8> {
        let epoch = self.epoch.to_string();
        let words = [self.master.as_str(), &epoch, self.id.as_str()];
        [MARK, &quoting::words(words.map(str::as_bytes))].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_written_vote_reads_back_and_other_comments_are_no_votes() {
        let vote = VotedFor {
            master: MasterName::new("my m"),
            epoch: Epoch::new(7).unwrap(),
            id: RunId::new("abc"),
        };
        assert_eq!(vote.write(), b"# rsentinel voted-for \"my m\" 7 abc");
        assert_eq!(VotedFor::read(&vote.write()), Some(vote));
        for other in ["# rsentinel voted-for m x id", "# rsentinel voted-for m 1", "# remark"] {
            assert_eq!(VotedFor::read(other.as_bytes()), None, "{other}");
        }
    }
}
