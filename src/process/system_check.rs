//! `--check-system`: is this machine set up well? The names and the form of the answers are
//! those that scripts know.

use std::fs;
use std::io::{self, Write};
use std::time::{Duration, Instant};

/// The outcome of one check.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Finding {
    Ok,
    Skipped,
    Warning(String),
}

type Check = fn() -> Finding;

/// Runs every check, one line each, a warning with its text on a second; whether all passed.
///
/// # Errors
/// The answers cannot be written.
pub fn run(out: &mut impl Write) -> io::Result<bool> {
    let checks: [(&str, Check); 4] = [
        ("slow-clocksource", slow_clocksource),
        ("xen-clocksource", || {
            xen_clocksource(read(CLOCKSOURCE).as_deref())
        }),
        ("overcommit", || {
            overcommit(read("/proc/sys/vm/overcommit_memory").as_deref())
        }),
        ("THP", || {
            huge_pages(read("/sys/kernel/mm/transparent_hugepage/enabled").as_deref())
        }),
    ];
    let mut passed = true;
    for (name, check) in checks {
        match check() {
            Finding::Ok => writeln!(out, "[{name}]...OK")?,
            Finding::Skipped => writeln!(out, "[{name}]...skipped")?,
            Finding::Warning(text) => {
                passed = false;
                writeln!(out, "[{name}]...WARNING:\n{text}")?;
            }
        }
    }
    Ok(passed)
}

const CLOCKSOURCE: &str = "/sys/devices/system/clocksource/clocksource0/current_clocksource";

fn read(path: &str) -> Option<String> {
    fs::read_to_string(path)
        .ok()
        .map(|text| text.trim().to_owned())
}

/// A clock that has to be asked of the kernel costs a microsecond; a good one, some 30 ns.
fn slow_clocksource() -> Finding {
    const READS: u32 = 1000;
    const SLOW: Duration = Duration::from_micros(1);
    // The best of several rounds, so that being interrupted does not count.
    let best = (0..10).map(|_| {
        let began = Instant::now();
        for _ in 0..READS {
            std::hint::black_box(Instant::now());
        }
        began.elapsed() / READS
    });
    if best.min().is_some_and(|cost| cost > SLOW) {
        Finding::Warning(format!(
            "Slow system clocksource detected. This can result in degraded performance. Consider \
             changing the system's clocksource, see {CLOCKSOURCE}."
        ))
    } else {
        Finding::Ok
    }
}

fn xen_clocksource(current: Option<&str>) -> Finding {
    match current {
        None => Finding::Skipped,
        Some("xen") => Finding::Warning(
            "Your system is configured to use the 'xen' clocksource which might lead to degraded \
             performance. Check the result of the [slow-clocksource] system check."
                .to_owned(),
        ),
        Some(_) => Finding::Ok,
    }
}

fn overcommit(setting: Option<&str>) -> Finding {
    match setting {
        None => Finding::Skipped,
        Some("1") => Finding::Ok,
        Some(_) => Finding::Warning(
            "Memory overcommit is not enabled. A sentinel does not need it; redis servers on this \
             machine do, for background saves and replication. To enable it add \
             'vm.overcommit_memory = 1' to /etc/sysctl.conf and reboot, or run 'sysctl \
             vm.overcommit_memory=1'."
                .to_owned(),
        ),
    }
}

fn huge_pages(setting: Option<&str>) -> Finding {
    match setting {
        None => Finding::Skipped,
        Some(text) if text.contains("[always]") => Finding::Warning(
            "Transparent huge pages are enabled for every process. This creates latency and \
             memory usage issues with redis servers on this machine. To fix it run 'echo madvise > \
             /sys/kernel/mm/transparent_hugepage/enabled' as root."
                .to_owned(),
        ),
        Some(_) => Finding::Ok,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_four_checks_answer_in_order_and_the_result_tells_of_any_warning() {
        let mut out = Vec::new();
        let passed = run(&mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        let names: Vec<&str> = text
            .lines()
            .filter_map(|l| l.strip_prefix('[')?.split_once("]..."))
            .map(|p| p.0)
            .collect();
        assert_eq!(
            names,
            ["slow-clocksource", "xen-clocksource", "overcommit", "THP"]
        );
        assert_eq!(passed, !text.contains("WARNING:"));
    }

    #[test]
    fn what_cannot_be_read_is_skipped_and_what_is_bad_warned_of() {
        assert_eq!(xen_clocksource(None), Finding::Skipped);
        assert_eq!(xen_clocksource(Some("tsc")), Finding::Ok);
        assert!(matches!(xen_clocksource(Some("xen")), Finding::Warning(_)));
        assert_eq!(overcommit(None), Finding::Skipped);
        assert_eq!(overcommit(Some("1")), Finding::Ok);
        assert!(matches!(overcommit(Some("0")), Finding::Warning(_)));
        assert_eq!(huge_pages(None), Finding::Skipped);
        assert_eq!(huge_pages(Some("always [madvise] never")), Finding::Ok);
        assert!(matches!(
            huge_pages(Some("[always] madvise never")),
            Finding::Warning(_)
        ));
    }
}
