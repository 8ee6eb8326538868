//! What became of one command within `MULTI … EXEC`, judged from the replies of all.

use super::frame::{Frame, shown};
use super::types::TransactionOutcome;

/// Judges the command at place `at` (MULTI is at 0) of a transaction. `names` are the commands as
/// texts call them, MULTI first and EXEC last; `replies` are theirs.
///
/// `Refused` is said only where the replies prove that the command was not executed, because a
/// caller may act on that: a wrong `Refused` could make two masters of one epoch. `Accepted`
/// likewise needs the command's own status. What becomes of the other commands inside EXEC does not
/// matter; refused while being queued they abort the whole transaction.
pub fn judge(names: &[&str], at: usize, replies: &[Frame]) -> TransactionOutcome {
    let (Some(multi), Some(own), Some(exec)) = (
        replies.first(),
        replies.get(at),
        replies.get(names.len() - 1),
    ) else {
        let expected = names.len();
        return TransactionOutcome::Unclear(format!(
            "{} replies instead of {expected}",
            replies.len()
        ));
    };
    match own {
        // Refused on its own: it was neither queued nor executed.
        Frame::Error(_) => refused(names, replies),
        Frame::Status(text) if text.as_ref() == b"QUEUED" => {
            judge_exec(names, at, multi, exec, replies)
        }
        // MULTI was refused, so the command ran at once.
        Frame::Status(text) if text.starts_with(b"OK") => TransactionOutcome::Accepted,
        other => unclear(names[at], other),
    }
}

/// The command was queued: EXEC tells the rest.
fn judge_exec(
    names: &[&str],
    at: usize,
    multi: &Frame,
    exec: &Frame,
    replies: &[Frame],
) -> TransactionOutcome {
    match exec {
        // Only behind a MULTI that was accepted is the place of the command in the array known.
        Frame::Array(results)
            if matches!(multi, Frame::Status(_)) && results.len() == names.len() - 2 =>
        {
            match &results[at - 1] {
                Frame::Status(text) if text.starts_with(b"OK") => TransactionOutcome::Accepted,
                Frame::Error(text) => TransactionOutcome::Refused(named(names[at], text)),
                other => unclear(names[at], other),
            }
        }
        Frame::Error(text) if proves_discarded(text) => refused(names, replies),
        other => unclear("EXEC", other),
    }
}

/// EXEC was not carried out, by its own word.
fn proves_discarded(text: &[u8]) -> bool {
    [&b"EXECABORT"[..], b"NOPERM", b"NOAUTH"]
        .iter()
        .any(|code| text.starts_with(code))
}

/// The first error among the replies says best why.
fn refused(names: &[&str], replies: &[Frame]) -> TransactionOutcome {
    let first = names
        .iter()
        .zip(replies)
        .find_map(|(name, reply)| match reply {
            Frame::Error(text) => Some(named(name, text)),
            _ => None,
        });
    TransactionOutcome::Refused(first.unwrap_or_default())
}

fn unclear(name: &str, reply: &Frame) -> TransactionOutcome {
    TransactionOutcome::Unclear(match reply {
        Frame::Error(text) | Frame::Status(text) => named(name, text),
        other => format!("{name}: {}", other.kind()),
    })
}

fn named(name: &str, text: &[u8]) -> String {
    format!("{name}: {}", shown(text))
}

#[cfg(test)]
pub(super) mod scripted {
    //! Replies as tests write them.

    use bytes::Bytes;

    use super::Frame;

    /// `+x`, `-x`, or `[a,b]` for an array of such.
    pub fn frame(text: &str) -> Frame {
        let bytes = || Bytes::copy_from_slice(&text.as_bytes()[1..]);
        match text.as_bytes()[0] {
            b'+' => Frame::Status(bytes()),
            b'-' => Frame::Error(bytes()),
            b':' => Frame::Integer(text[1..].parse().unwrap()),
            b'[' => Frame::Array(text[1..text.len() - 1].split(',').map(frame).collect()),
            _ => Frame::Null,
        }
    }
}
