//! Files of real deployments, read by processes really started: rsentinel, and the redis-sentinel
//! on PATH (`tests/run` installs it).

mod generated;
mod habits;
mod started;
