//! Floor 1: sentinel.conf <-> values. Pure: text in, text out, no files.
//!
//! Reading: [`grammar`] splits lines into words, `read` applies generic directives at once (the
//! table is in [`directives`]) and hands the `sentinel …` lines to `sentinel_lines`, which
//! executes them in three passes. Writing: [`mod@rewrite`] puts the values back into the old text,
//! line by line, and keeps its comments; or [`state_file`] puts them into a file of their own.

mod dangers;
pub mod directives;
mod error;
mod foreign;
pub mod grammar;
mod host;
mod includes;
mod masking;
mod numbers;
mod output_limits;
mod quoting;
mod read;
mod rewrite;
mod sentinel_conf;
mod sentinel_lines;
mod server_conf;
pub mod state_file;
mod sub_directives;
mod tls;
mod users;
mod value;
mod voted_for;

pub use dangers::{Danger, dangers};
pub use error::{Complaint, ConfigError, FaultyLine};
pub use includes::IncludeReader;
pub use masking::mask_line;
pub use output_limits::{ClientClass, OutputLimit, OutputLimits};
pub use read::{Conf, check, parse};
pub use rewrite::{RewriteFacts, Rewriter, rewrite};
pub use sentinel_conf::{KnownPeer, MasterConf, SentinelConf};
pub use server_conf::{BindAddress, LogLevel, ServerConf, Supervised};
pub use tls::{AuthClients, Identity, Protocols, SessionCache, TlsConf};
pub use users::UserLine;
pub use value::{Kind, Value};
