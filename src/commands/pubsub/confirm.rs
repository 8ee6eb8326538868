//! The confirmations of the four subscription commands: one push per name, with the running
//! total of channels and patterns.

use std::collections::BTreeSet;
use std::sync::Arc;

use bytes::Bytes;

use crate::commands::session::Session;
use crate::resp::Reply;

/// Which of a connection's two sets a command is about.
#[derive(Clone, Copy)]
pub enum Of {
    /// Exact names.
    Channels,
    /// Globs.
    Patterns,
}

impl Of {
    fn set_of(self, session: &mut Session) -> &mut BTreeSet<Bytes> {
        Arc::make_mut(match self {
            Of::Channels => &mut session.channels,
            Of::Patterns => &mut session.patterns,
        })
    }
}

/// Adds names, one confirmation each; a name already there is confirmed like any other.
pub fn add(session: &mut Session, of: Of, kind: &str, names: &[Bytes]) -> Vec<Reply> {
    let mut pushes = Vec::with_capacity(names.len());
    for name in names {
        // A copy: the word may share the buffer of all that came with it, which it would keep.
        let name = Bytes::copy_from_slice(name);
        if of.set_of(session).insert(name.clone()) {
            session.subscribed_bytes += cost(&name);
        }
        pushes.push(push(kind, Reply::Bulk(name), session));
    }
    pushes
}

/// Removes names, or all when none is given; one confirmation each, and one with a null when
/// there was nothing to remove at all.
pub fn remove(session: &mut Session, of: Of, kind: &str, names: &[Bytes]) -> Vec<Reply> {
    let all: Vec<Bytes>;
    let names = if names.is_empty() {
        all = match of {
            Of::Channels => session.channels.iter().cloned().collect(),
            Of::Patterns => session.patterns.iter().cloned().collect(),
        };
        &all
    } else {
        names
    };
    if names.is_empty() {
        return vec![push(kind, Reply::Null, session)];
    }
    let mut pushes = Vec::with_capacity(names.len());
    for name in names {
        if of.set_of(session).remove(name) {
            session.subscribed_bytes -= cost(name);
        }
        pushes.push(push(kind, Reply::Bulk(name.clone()), session));
    }
    pushes
}

/// What keeping a subscription takes, in bytes: the name, and its places in the connection's set
/// and in the registry of all (an estimate).
fn cost(name: &Bytes) -> usize {
    const PLACES: usize = 256;
    name.len() + PLACES
}

fn push(kind: &str, name: Reply, session: &Session) -> Reply {
    let total = i64::try_from(session.subscriptions()).unwrap_or(i64::MAX);
    Reply::Push(vec![Reply::bulk(kind), name, Reply::Int(total)])
}
