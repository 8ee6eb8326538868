//! Floor 5: the process as Unix sees it: command line leftovers, log, signals, pid file,
//! supervision, limits. Knows nothing of sockets to servers or clients.
//!
//! `main` calls these rooms in the order of start-up:
//!
//! 1. [`logging::install`]: lines go straight to stdout.
//! 2. [`config_file::read`], [`ext_file::load`], then (floor 1) the parser, then
//!    [`config_file::check_writable`].
//! 3. [`logging::LogControl::configure`]: level, log file, syslog.
//! 4. [`supervise::establish`], then [`daemon::daemonize`] unless supervised. **No thread may
//!    exist before this point**: only the forking thread survives a fork.
//! 5. [`logging::LogControl::start_writer`]: from here on a log call never blocks.
//! 6. [`startup`]'s lines, [`limits::adjust_open_files`], [`signals::Signals::install`].
//! 7. The listeners; then [`pidfile::PidFile::write`], so that a second instance started by
//!    mistake fails to bind before it can overwrite the pid file of the first.
//! 8. `Sentinel ID is …`, `+monitor …`, [`supervise::Supervision::ready`].
//!
//! and backwards at a clean stop: [`supervise::Supervision::stopping`], the pid file, the last
//! line, [`logging::LogControl::flush_and_stop`].

pub mod config_file;
pub mod crash;
pub mod daemon;
pub mod errno;
pub mod ext_file;
pub mod fatal;
pub mod limits;
pub mod logging;
pub mod memory_test;
pub mod oom_score;
pub mod pidfile;
pub mod signals;
pub mod startup;
pub mod supervise;
pub mod syslog;
pub mod system_check;
pub mod version;
