//! The order of start-up and nothing else.
fn main() {}
