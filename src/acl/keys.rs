//! Key patterns. A sentinel has no keys, so they are only kept and shown.

use super::error::RuleError;
use super::words::is_blank_or_nul;

/// The keys of a selector.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Keys {
    all: bool,
    patterns: Vec<KeyPattern>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct KeyPattern {
    access: Access,
    glob: Vec<u8>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Access {
    read: bool,
    write: bool,
}

impl Access {
    const FULL: Access = Access {
        read: true,
        write: true,
    };
}

impl Keys {
    /// `allkeys`
    pub fn allow_all(&mut self) {
        *self = Keys {
            all: true,
            patterns: Vec::new(),
        };
    }

    /// `resetkeys`
    pub fn clear(&mut self) {
        *self = Keys::default();
    }

    /// Applies a rule that begins with `~` or `%`.
    pub fn apply(&mut self, rule: &[u8]) -> Result<(), RuleError> {
        if rule == b"~*" {
            self.allow_all();
            return Ok(());
        }
        if self.all {
            return Err(RuleError::PatternAfterAllKeys);
        }
        let (access, glob) = read(rule)?;
        if glob.iter().any(|b| is_blank_or_nul(*b)) {
            return Err(RuleError::Syntax);
        }
        let known = self.patterns.iter_mut().find(|one| one.glob == glob);
        let access = match known {
            Some(pattern) => {
                pattern.access.read |= access.read;
                pattern.access.write |= access.write;
                pattern.access
            }
            None => {
                let glob = glob.to_vec();
                self.patterns.push(KeyPattern { access, glob });
                access
            }
        };
        // It would be written as `~*`, and read back as this.
        if glob == b"*" && access == Access::FULL {
            self.allow_all();
        }
        Ok(())
    }

    /// The rules that make it.
    pub fn rules(&self) -> Vec<Vec<u8>> {
        if self.all {
            return vec![b"~*".to_vec()];
        }
        self.patterns.iter().map(KeyPattern::rule).collect()
    }
}

impl KeyPattern {
    fn rule(&self) -> Vec<u8> {
        let mark: &[u8] = match self.access {
            Access {
                read: true,
                write: false,
            } => b"%R~",
            Access {
                read: false,
                write: true,
            } => b"%W~",
            _ => b"~",
        };
        [mark, &self.glob].concat()
    }
}

/// `~pattern`, `%R~pattern`, `%W~pattern`, `%RW~pattern`; the `~` may be missing at the end of
/// the word (measured).
fn read(rule: &[u8]) -> Result<(Access, &[u8]), RuleError> {
    let mut rest = match rule {
        [b'~', glob @ ..] => return Ok((Access::FULL, glob)),
        [b'%', rest @ ..] => rest,
        _ => return Err(RuleError::Syntax),
    };
    let mut access = Access::default();
    loop {
        match rest {
            [b'R' | b'r', after @ ..] if !access.read => {
                access.read = true;
                rest = after;
            }
            [b'W' | b'w', after @ ..] if !access.write => {
                access.write = true;
                rest = after;
            }
            _ if access == Access::default() => return Err(RuleError::Syntax),
            [b'~', glob @ ..] => return Ok((access, glob)),
            [] => return Ok((access, rest)),
            _ => return Err(RuleError::Syntax),
        }
    }
}
