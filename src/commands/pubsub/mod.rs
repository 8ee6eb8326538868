//! Commands about events: subscriptions, and the hello of another sentinel.

pub mod psubscribe;
pub mod publish;
pub mod punsubscribe;
pub mod subscribe;
pub mod unsubscribe;

mod confirm;
