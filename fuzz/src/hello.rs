//! Hellos of other sentinels.

use rsentinel::wire::Hello;
use rsentinel::wire::hello::MAX_PAYLOAD;

use super::life::Life;

/// What a hello says, written as a hello, says the same, or nothing when it does not fit;
/// and a sentinel that hears all lines of the input goes on, and can be restarted.
pub fn judge(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let mut life = Life::begin();
    for line in text.split('\n') {
        if let Some(hello) = Hello::parse(line) {
            let payload = hello.payload();
            assert!(payload.len() <= MAX_PAYLOAD);
            let again = Hello::parse(&payload);
            assert!(again.is_none() || again == Some(hello), "{payload:?}");
        }
        life.hear(line);
    }
    life.run(1_100);
    life.can_be_restarted();
}
