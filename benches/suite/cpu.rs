//! Processor time of processes.

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;

/// User and system time of all threads of a process since its start, also of threads that have
/// ended, in seconds, to the nanosecond.
pub fn seconds(process: u32) -> Result<f64, String> {
    let id = i32::try_from(process).map_err(|error| error.to_string())?;
    let time = clock_getcpuclockid(Pid::from_raw(id)).and_then(clock_gettime);
    let time = time.map_err(|error| format!("no processor time of process {process}: {error}"))?;
    Ok(std::time::Duration::from(time).as_secs_f64())
}
