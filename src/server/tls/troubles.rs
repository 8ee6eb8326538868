//! What goes wrong with outgoing connections is said once, not at every new attempt.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};

use crate::core::notice::Level;

use super::{Log, say};

/// Addresses that are remembered. With more in trouble at a time, some lines are said again.
const AT_MOST: usize = 10_000;

/// The last reason for each address that is in trouble.
pub struct Troubles {
    log: Log,
    last: Mutex<HashMap<SocketAddr, String>>,
}

impl Troubles {
    pub fn new(log: Log) -> Self {
        Troubles {
            log,
            last: Mutex::default(),
        }
    }

    /// Logs a reason unless it is the one that was logged last.
    pub fn note(&self, to: SocketAddr, reason: &str) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if last.get(&to).is_some_and(|known| known == reason) {
            return;
        }
        if last.len() >= AT_MOST {
            last.clear();
        }
        last.insert(to, reason.to_owned());
        drop(last);
        let text = format!("No TLS connection to {to}: {reason}");
        say(&self.log, Level::Warning, text);
    }

    /// There is no trouble any more.
    pub fn forget(&self, to: SocketAddr) {
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        last.remove(&to);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn a_reason_is_said_once_until_it_changes_or_the_trouble_is_over() {
        let lines = Arc::new(Mutex::new(Vec::new()));
        let heard = Arc::clone(&lines);
        let log: Log = Arc::new(move |line| heard.lock().expect("whole").push(line.text.clone()));
        let troubles = Troubles::new(log);
        let (one, other) = (
            SocketAddr::from(([127, 0, 0, 1], 1)),
            SocketAddr::from(([127, 0, 0, 1], 2)),
        );
        troubles.note(one, "a");
        troubles.note(one, "a");
        troubles.note(other, "a");
        troubles.note(one, "b");
        troubles.note(one, "b");
        troubles.forget(one);
        troubles.note(one, "b");
        let said = |at: SocketAddr, reason| format!("No TLS connection to {at}: {reason}");
        let expected = [
            said(one, "a"),
            said(other, "a"),
            said(one, "b"),
            said(one, "b"),
        ];
        assert_eq!(*lines.lock().expect("whole"), expected);
    }
}
