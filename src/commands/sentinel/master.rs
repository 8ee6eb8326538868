//! SENTINEL MASTER name, and its alias PRIMARY.

use crate::commands::next::Next;
use crate::commands::row::Request;

use super::{instance_fields, named_master};

/// The fields of one master.
pub fn run(request: Request<'_>) -> Next {
    named_master::show(request, instance_fields::master)
}
