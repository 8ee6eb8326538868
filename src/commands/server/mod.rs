//! Commands about the process.

pub mod acl;
pub mod command;
pub mod info;
pub mod role;
pub mod shutdown;
