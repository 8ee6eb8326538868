//! The door between the serving side and the monitor: what clients may ask of the core, and
//! what the core lets them see without asking.

use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use arc_swap::ArcSwap;
use tokio::sync::{mpsc, oneshot};

use crate::core::Reply;
use crate::core::event::{DownQuestion, Instruction};
use crate::core::view::{AddressTable, View};

/// Something the serving side wants from the monitor.
#[derive(Debug)]
pub enum Call {
    /// A snapshot for a listing; all who wait in one turn share one.
    View(oneshot::Sender<Arc<View>>),
    /// A peer's IS-MASTER-DOWN-BY-ADDR.
    AskDown {
        /// The question.
        question: DownQuestion,
        /// The asking connection's CLIENT SETNAME name.
        client_name: Option<String>,
        /// Where the answer goes; it may wait for the disk.
        reply: oneshot::Sender<Reply>,
    },
    /// A hello published to us directly; there is no answer.
    Hello(String),
    /// An operator's instruction.
    Instruct {
        /// What.
        instruction: Instruction,
        /// Where the answer goes; it may wait for the disk.
        reply: oneshot::Sender<Reply>,
    },
}

/// The serving side's end of the door. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Door {
    /// For peers' asks and hellos: served ahead of all other calls.
    pub peers: mpsc::Sender<Call>,
    /// For everything else.
    pub clients: mpsc::Sender<Call>,
    /// The effective addresses, swapped before `+switch-master` is announced.
    pub addresses: Arc<ArcSwap<AddressTable>>,
    /// How many servers and peers the monitor has or wants links to.
    pub links: Arc<AtomicUsize>,
}
