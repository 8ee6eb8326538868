//! Configuration files.

use super::memory::bounded;
use super::saved::{are_same, as_written, reads_back_beside, shown, start, write};

/// A text that a start accepts is accepted again after it was rewritten, and says the same; from
/// the second rewriting on the bytes stay. A state file beside it changes nothing either.
pub fn judge(data: &[u8]) {
    let Some((conf, users)) = bounded(data.len(), 512, || start(data)) else {
        return;
    };
    reads_back_beside(&conf, &conf.sentinel);
    let once = bounded(data.len(), 512, || {
        write(data, &conf.server, &conf.sentinel)
    });
    let Some((again, same_users)) = start(&once) else {
        panic!("refused:\n{}", shown(&once));
    };
    let (before, after) = (as_written(&conf.sentinel), as_written(&again.sentinel));
    assert_eq!(after, before, "in\n{}", shown(&once));
    are_same(&same_users, &users);
    let twice = write(&once, &again.server, &again.sentinel);
    let by_first = write(&once, &conf.server, &conf.sentinel);
    assert_eq!(shown(&by_first), shown(&twice));
    let thrice = write(&twice, &again.server, &again.sentinel);
    assert_eq!(shown(&thrice), shown(&twice));
}
