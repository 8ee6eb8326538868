//! What the stories of these tests are told with.

use std::future::Future;
use std::time::{Duration, Instant};

/// Everything happens within this time.
pub const SOON: Duration = Duration::from_secs(10);

/// Runs a story to its end.
pub fn block_on(story: impl Future<Output = ()>) {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap()
        .block_on(story);
}

/// Waits for a condition.
pub async fn until(what: &str, mut condition: impl FnMut() -> bool) {
    let deadline = Instant::now() + SOON;
    while !condition() {
        assert!(Instant::now() < deadline, "did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}
