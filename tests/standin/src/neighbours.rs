//! Servers of one process that follow each other without sockets: a fleet of thousands would
//! otherwise spend its files and its time on its own replication.

use std::collections::HashMap;
use std::fmt;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError, Weak};

use crate::server::Shared;
use crate::state::Upstream;

/// Who is at which address. Clones are the same neighbourhood.
#[derive(Clone, Default)]
pub struct Neighbours(Arc<Mutex<HashMap<SocketAddr, Weak<Shared>>>>);

impl Neighbours {
    pub(crate) fn join(&self, address: SocketAddr, shared: &Arc<Shared>) {
        let mut map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.insert(address, Arc::downgrade(shared));
    }

    /// The server there; it may be a dead one.
    pub(crate) fn at(&self, upstream: &Upstream) -> Option<Arc<Shared>> {
        let address = SocketAddr::new(upstream.host.parse().ok()?, upstream.port);
        let map = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        map.get(&address)?.upgrade()
    }
}

impl fmt::Debug for Neighbours {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Neighbours").finish_non_exhaustive()
    }
}
