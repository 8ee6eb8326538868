//! `SENTINEL INFO-CACHE name [name …]`.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::commands::words::text;
use crate::core::view::{MasterView, ServerView, View};
use crate::resp::Reply;

/// For each known name, once: the name, then age and text of the last INFO of the master and
/// of its replicas, listed or not.
pub fn run(request: Request<'_>) -> Next {
    let names = request.args().to_vec();
    Next::View(Box::new(move |view| cache(view, &names)))
}

fn cache(view: &View, names: &[Bytes]) -> Reply {
    let mut seen = BTreeSet::new();
    let mut elements = Vec::new();
    for name in names {
        let Some(master) = text(name).and_then(|name| view.master(name)) else {
            continue;
        };
        if seen.insert(name) {
            elements.push(Reply::bulk(&master.instance.name));
            elements.push(group(master));
        }
    }
    Reply::Array(elements)
}

fn group(master: &MasterView) -> Reply {
    let servers = std::iter::once(&master.server)
        .chain(master.replicas.iter().map(|replica| &replica.server));
    let refreshed = master.server.info.is_some();
    Reply::Array(servers.map(|server| entry(server, refreshed)).collect())
}

/// The age is 0 under a master that was never refreshed, and for an instance that never was.
fn entry(server: &ServerView, master_refreshed: bool) -> Reply {
    let age = match &server.info {
        Some(_) if master_refreshed => i64::try_from(server.info_refresh).unwrap_or(i64::MAX),
        _ => 0,
    };
    Reply::Array(vec![
        Reply::Int(age),
        server.info.clone().map_or(Reply::Null, Reply::Bulk),
    ])
}
