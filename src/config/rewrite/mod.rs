//! Writing the configuration back into its file: values replace their lines in place, new lines
//! are appended in batches, comments and unknown lines stay.
//!
//! [`page`] holds the old lines and knows which line belongs to which value; `server_lines` and
//! `sentinel_lines` say what is to be written; `again` writes only what has changed since the last
//! time.

mod again;
mod page;
mod sentinel_lines;
mod server_lines;

use super::sentinel_conf::SentinelConf;
use super::server_conf::ServerConf;
pub use again::Rewriter;
use page::{Page, WrittenPage};

/// What the file shows beside the configuration.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RewriteFacts {
    /// The absolute current directory of the process.
    pub current_dir: String,
}

/// The new content of the configuration file.
///
/// `old_text` is what the file holds now (empty if it is missing), so that remarks added while
/// the process runs survive. redis-sentinel can read every text this returns. Rewriting again
/// with the same values at most adds one blank line at the end; from then on the bytes stay.
pub fn rewrite(
    old_text: &[u8],
    server: &ServerConf,
    state: &SentinelConf,
    facts: &RewriteFacts,
) -> Vec<u8> {
    whole(old_text, server, state, facts).0
}

fn whole(
    old_text: &[u8],
    server: &ServerConf,
    state: &SentinelConf,
    facts: &RewriteFacts,
) -> (Vec<u8>, WrittenPage) {
    let mut page = Page::read(old_text);
    server_lines::put(&mut page, server, state.loglevel.as_deref(), facts);
    sentinel_lines::put(&mut page, state, |_| true);
    page.finish()
}
