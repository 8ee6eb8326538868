//! The address table that clients read, kept up to date row by row: in a mass failure every master
//! of thousands changes its row in a turn of its own.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::types::{Address, MasterName};

use super::action::{Action, AddressRow};
use super::instances::Master;
use super::view::AddressTable;
use super::{MasterId, Sentinel};

/// The table as it was last handed out, and which rows may differ from it.
#[derive(Debug)]
pub(super) struct Addresses {
    table: AddressTable,
    all_stale: bool,
    stale: BTreeSet<MasterId>,
    gone: Vec<MasterName>,
}

impl Default for Addresses {
    /// Nothing has been handed out yet.
    fn default() -> Self {
        Addresses {
            table: AddressTable::default(),
            all_stale: true,
            stale: BTreeSet::new(),
            gone: Vec::new(),
        }
    }
}

impl Addresses {
    /// How addresses are shown may have changed.
    pub fn all_changed(&mut self) {
        self.all_stale = true;
    }

    /// The address of this master may have changed.
    pub fn changed(&mut self, id: MasterId) {
        self.stale.insert(id);
    }

    /// A master is gone.
    pub fn gone(&mut self, name: MasterName) {
        self.gone.push(name);
    }
}

impl Sentinel {
    /// At the end of a turn: hands the shell a new table, if any row has changed.
    pub(super) fn publish_addresses(&mut self) {
        let Addresses {
            all_stale,
            stale,
            gone,
            ..
        } = &mut self.addresses;
        let all = std::mem::take(all_stale);
        if !all && stale.is_empty() && gone.is_empty() {
            return;
        }
        let (stale, gone) = (std::mem::take(stale), std::mem::take(gone));
        let mut changed = all;
        for name in gone {
            changed |= self.addresses.table.remove(&name);
        }
        let rows: Vec<AddressRow> = if all {
            self.masters.values().map(|m| self.row_of(m)).collect()
        } else {
            let masters = stale.iter().filter_map(|id| self.masters.get(id));
            masters.map(|m| self.row_of(m)).collect()
        };
        for row in rows {
            changed |= self.addresses.table.set(row);
        }
        if changed {
            self.hand_out_addresses();
        }
    }

    /// Hands the shell a table in which one master already has the address it is about to get.
    pub(super) fn publish_addresses_with(&mut self, id: MasterId, to: &Address) {
        let announce = self.settings.announce_hostnames;
        if let Some(master) = self.masters.get(&id) {
            let row = row(master, to, announce);
            self.addresses.stale.remove(&id);
            if self.addresses.table.set(row) {
                self.hand_out_addresses();
            }
        }
    }

    fn hand_out_addresses(&mut self) {
        let table = Arc::new(self.addresses.table.clone());
        self.out.push_back(Action::Addresses(table));
    }

    fn row_of(&self, master: &Master) -> AddressRow {
        let announce = self.settings.announce_hostnames;
        row(master, master.effective_address(), announce)
    }
}

fn row(master: &Master, address: &Address, announce_hostnames: bool) -> AddressRow {
    AddressRow {
        name: master.name.clone(),
        host: address.announced(announce_hostnames),
        port: address.port(),
    }
}
