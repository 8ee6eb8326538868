//! Processor time of processes.

use std::fs;

/// Ticks a second in /proc: the same on every Linux.
const TICKS: f64 = 100.0;

/// User and system time of all threads of a process since its start, in seconds, to 10 ms.
pub fn seconds(process: u32) -> Result<f64, String> {
    let path = format!("/proc/{process}/stat");
    let text = fs::read_to_string(&path).map_err(|error| format!("{path}: {error}"))?;
    // The name of the program, in parentheses, may hold anything.
    let (_, rest) = text.rsplit_once(')').ok_or("no name in stat")?;
    let mut fields = rest.split_whitespace().skip(11);
    let mut ticks = || fields.next()?.parse::<f64>().ok();
    match (ticks(), ticks()) {
        (Some(user), Some(system)) => Ok((user + system) / TICKS),
        _ => Err(format!("{path}: no times")),
    }
}
