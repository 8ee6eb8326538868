//! SENTINEL REPLICAS name, and its old name SLAVES.

use crate::commands::next::Next;
use crate::commands::row::Request;
use crate::resp::Reply;

use super::{instance_fields, named_master};

/// The fields of every replica that wants to be listed.
pub fn run(request: Request<'_>) -> Next {
    named_master::show(request, |master| {
        let announced = master.replicas.iter().filter(|replica| replica.announced);
        Reply::Array(announced.map(instance_fields::replica).collect())
    })
}
