//! Behaviour that can be switched on and off, so that it can be measured with and without.

/// Which of the optional behaviours a sentinel has. None of them says anything
/// in a new form: sentinels that differ in them work together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// An election that nobody can win any more is given up at once, and tried again in a new epoch
    /// without the wait of twice the failover timeout.
    pub early_retry: bool,
    /// One config epoch with two addresses is healed by an election for a server that already is a
    /// master.
    pub reassert: bool,
    /// A configuration read from disk is published only once its master says that it is one, or
    /// stays unreachable.
    pub confirm_restored: bool,
}

impl Default for Features {
    fn default() -> Self {
        Features {
            early_retry: true,
            reassert: true,
            confirm_restored: true,
        }
    }
}

impl Features {
    /// What [`Features::set`] knows.
    pub const NAMES: [&str; 3] = ["early-retry", "reassert", "confirm-restored"];

    /// Switches the behaviour of this name; `false` if there is none.
    #[must_use]
    pub fn set(&mut self, name: &str, on: bool) -> bool {
        let switch = match name {
            "early-retry" => &mut self.early_retry,
            "reassert" => &mut self.reassert,
            "confirm-restored" => &mut self.confirm_restored,
            _ => return false,
        };
        *switch = on;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_switches_one_behaviour_both_ways() {
        for name in Features::NAMES {
            let (mut on, mut off) = (Features::default(), Features::default());
            assert!(on.set(name, true) && off.set(name, false), "{name}");
            assert_ne!(on, off, "{name}");
        }
        assert!(!Features::default().set("other", true));
    }
}
