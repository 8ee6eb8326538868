//! A model of the reference sentinel's observable behaviour.

use rsentinel::core::{Action, Birth, Event};
use rsentinel::types::{Mono, Now};

/// The model.
#[derive(Debug)]
pub struct Reference {}

impl Reference {
    /// Born.
    pub fn new(_now: Now, _birth: Birth) -> Self {
        Reference {}
    }
    /// One turn.
    pub fn handle(&mut self, _now: Now, _event: Event) {}
    /// The next action.
    pub fn poll_action(&mut self) -> Option<Action> {
        None
    }
    /// When the timer fires.
    pub fn next_deadline(&self) -> Option<Mono> {
        None
    }
}
