//! Enough file descriptors for the clients that may come.
//!
//! Safe under service units that kill on resource calls: the C library reads and sets this
//! limit with `prlimit64`, which they allow, and nothing is set when the limit suffices.

use nix::errno::Errno;
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use super::fatal::FatalStart;
use super::logging;
use crate::core::notice::{Level, LogLine};

/// Descriptors kept for what is not a client: log, listeners, files (as the reference counts).
const RESERVED: u64 = 32;

/// Of these, as many are never given to a client, also when links to many servers have used up the
/// rest: a save takes two at a time, the log one, a link that is made anew two.
const UNTOUCHED: u64 = 8;

/// How many files the process may have open, from the limit in force.
pub fn open_files() -> u64 {
    getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft)
}

/// The first descriptor that must not go to a client.
pub fn first_reserved_descriptor() -> i64 {
    i64::try_from(open_files().saturating_sub(UNTOUCHED)).unwrap_or(i64::MAX)
}

/// Soft and hard limit.
type Limits = (u64, u64);

/// Raises the limit of open files to `maxclients + 32` if it is lower and may be raised, and
/// returns how many clients there may be: `maxclients`, or fewer. A reduction is for this run
/// only and must not be persisted.
///
/// # Errors
/// Not even one client would fit.
pub fn adjust_open_files(maxclients: u64) -> Result<u64, FatalStart> {
    let resource = Resource::RLIMIT_NOFILE;
    let (lines, outcome) = adjust(maxclients, getrlimit(resource).ok(), |(soft, hard)| {
        setrlimit(resource, soft, hard)
    });
    for line in &lines {
        logging::emit(line);
    }
    outcome
}

fn adjust(
    maxclients: u64,
    now: Option<Limits>,
    mut set: impl FnMut(Limits) -> Result<(), Errno>,
) -> (Vec<LogLine>, Result<u64, FatalStart>) {
    let needed = maxclients.saturating_add(RESERVED);
    let Some((soft, hard)) = now else {
        let text = "Unable to obtain the current NOFILE limit, assuming 1024 and setting the max \
                    clients configuration accordingly.";
        let lines = vec![LogLine {
            level: Level::Warning,
            text: text.to_owned(),
            when: None,
        }];
        return (lines, Ok(maxclients.min(1024 - RESERVED)));
    };
    if soft >= needed {
        return (Vec::new(), Ok(maxclients));
    }
    // The hard limit is only ever raised: lowering it could not be undone.
    let refused = match set((needed, hard.max(needed))) {
        Ok(()) => {
            let text = format!(
                "Increased maximum number of open files to {needed} (it was originally set to {soft})."
            );
            return (
                vec![LogLine {
                    level: Level::Notice,
                    text,
                    when: None,
                }],
                Ok(maxclients),
            );
        }
        Err(errno) => errno,
    };
    // As far as it goes without privilege.
    let best = if hard > soft && set((hard, hard)).is_ok() {
        hard
    } else {
        soft
    };
    if best <= RESERVED {
        let text = format!(
            "Your current 'ulimit -n' of {best} is not enough for the server to start. Please \
             increase your open file limit to at least {needed}. Exiting."
        );
        return (Vec::new(), Err(FatalStart::Logged(text)));
    }
    let possible = best - RESERVED;
    let lines = [
        format!(
            "You requested maxclients of {maxclients} requiring at least {needed} max file descriptors."
        ),
        format!(
            "Server can't set maximum open files to {needed} because of OS error: {}.",
            refused.desc()
        ),
        format!(
            "Current maximum open files is {best}. maxclients has been reduced to {possible} to \
             compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'."
        ),
    ];
    let lines = lines.map(|text| LogLine {
        level: Level::Warning,
        text,
        when: None,
    });
    (lines.into(), Ok(possible))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A system with this hard limit, for a process without privilege.
    fn unprivileged(hard: u64) -> impl FnMut(Limits) -> Result<(), Errno> {
        move |(soft, asked)| {
            if soft <= hard && asked <= hard {
                Ok(())
            } else {
                Err(Errno::EPERM)
            }
        }
    }

    #[test]
    fn a_sufficient_limit_is_not_touched_and_nothing_is_said() {
        let (lines, outcome) = adjust(10_000, Some((10_032, 65_535)), |_| {
            panic!("the limit was set")
        });
        assert_eq!((lines.len(), outcome), (0, Ok(10_000)));
    }

    #[test]
    fn a_low_soft_limit_is_raised_and_the_hard_one_never_lowered() {
        let mut asked = Vec::new();
        let (lines, outcome) = adjust(10_000, Some((1024, 65_535)), |limits| {
            asked.push(limits);
            Ok(())
        });
        assert_eq!(asked, [(10_032, 65_535)]);
        assert_eq!(outcome, Ok(10_000));
        assert_eq!(lines[0].level, Level::Notice);
        assert_eq!(
            lines[0].text,
            "Increased maximum number of open files to 10032 (it was originally set to 1024)."
        );
    }

    #[test]
    fn a_limit_that_cannot_be_raised_reduces_the_clients_of_this_run() {
        let (lines, outcome) = adjust(10_000, Some((1024, 1024)), unprivileged(1024));
        assert_eq!(outcome, Ok(992));
        let texts: Vec<&str> = lines.iter().map(|l| l.text.as_str()).collect();
        assert_eq!(
            texts,
            [
                "You requested maxclients of 10000 requiring at least 10032 max file descriptors.",
                "Server can't set maximum open files to 10032 because of OS error: Operation not permitted.",
                "Current maximum open files is 1024. maxclients has been reduced to 992 to compensate for low ulimit. If you need higher maxclients increase 'ulimit -n'.",
            ]
        );
        assert!(lines.iter().all(|l| l.level == Level::Warning));
    }

    #[test]
    fn the_soft_limit_goes_up_to_the_hard_one_when_that_is_all_there_is() {
        let (_, outcome) = adjust(10_000, Some((1024, 4096)), unprivileged(4096));
        assert_eq!(outcome, Ok(4064));
    }

    #[test]
    fn a_limit_without_room_for_one_client_ends_the_start() {
        let (_, outcome) = adjust(10_000, Some((30, 30)), unprivileged(30));
        assert_eq!(
            outcome,
            Err(FatalStart::Logged(
                "Your current 'ulimit -n' of 30 is not enough for the server to start. Please increase your open file limit to at least 10032. Exiting."
                    .to_owned()
            ))
        );
    }
}
