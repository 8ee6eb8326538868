use std::fs;
use std::io::Write;
use std::sync::mpsc;
use std::time::Instant;

use super::*;
use crate::core::notice::EventName;

/// A stream that keeps what it is given.
#[derive(Clone, Default)]
struct Kept(Arc<Mutex<Vec<u8>>>);

impl Kept {
    fn text(&self) -> String {
        String::from_utf8(self.0.lock().unwrap().clone()).unwrap()
    }

    /// The lines without pid and time.
    fn messages(&self) -> Vec<String> {
        self.text()
            .lines()
            .map(|l| l.splitn(6, ' ').nth(5).unwrap_or(l).to_owned())
            .collect()
    }
}

impl Write for Kept {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A stream whose every write waits for a permission: the hung disk.
struct Gated {
    entered: mpsc::Sender<()>,
    permissions: mpsc::Receiver<()>,
    kept: Kept,
}

impl Write for Gated {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.entered.send(());
        let _ = self.permissions.recv();
        self.kept.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn to_stream() -> (LogControl, Kept) {
    let kept = Kept::default();
    let target = Target::Stream(Box::new(kept.clone()));
    (LogControl::new(target, TimeZone::UTC, CAPACITY), kept)
}

fn to_file(path: &Path) -> LogControl {
    LogControl::new(Target::File(path.to_owned()), TimeZone::UTC, CAPACITY)
}

fn say(control: &LogControl, text: &str) {
    tracing::subscriber::with_default(control.subscriber(), || line(Level::Notice, text));
}

#[test]
fn a_line_has_the_form_that_log_readers_know() {
    let (control, kept) = to_stream();
    say(&control, "Configuration loaded");
    let text = kept.text();
    let words: Vec<&str> = text.trim_end_matches('\n').split(' ').collect();
    assert_eq!(words[0], format!("{}:X", std::process::id()));
    let shape: String = words[1..5]
        .join(" ")
        .chars()
        .map(|c| if c.is_ascii_digit() { '9' } else { c })
        .collect();
    assert_eq!(shape.len(), "21 Nov 2026 02:18:44.037".len());
    assert!(
        shape.starts_with("99 ") && shape.ends_with(" 9999 99:99:99.999"),
        "{shape}"
    );
    assert_eq!(words[5..].join(" "), "* Configuration loaded");
}

#[test]
fn the_four_levels_have_their_marks_and_the_threshold_hides_lesser_ones() {
    let (control, kept) = to_stream();
    let all = || {
        for (level, text) in [
            (Level::Debug, "d"),
            (Level::Verbose, "v"),
            (Level::Notice, "n"),
            (Level::Warning, "w"),
        ] {
            line(level, text);
        }
    };
    tracing::subscriber::with_default(control.subscriber(), || {
        all();
        control.set_level("DEBUG").unwrap();
        all();
        control.set_level("nothing").unwrap();
        all();
        control.signal_handler_line("Received SIGTERM scheduling shutdown...");
        assert_eq!(control.set_level("loud"), Err(UnknownLevel));
        all();
    });
    assert_eq!(kept.messages(), ["* n", "# w", ". d", "- v", "* n", "# w"]);
}

#[test]
fn an_event_is_logged_as_its_name_and_payload_at_its_level() {
    let (control, kept) = to_stream();
    tracing::subscriber::with_default(control.subscriber(), || {
        emit_notice(&Notice {
            name: EventName::Sdown,
            text: "master mymaster 127.0.0.1 6379".to_owned(),
            master: None,
        });
        emit(&LogLine::new(
            Level::Notice,
            "Next failover delay".to_owned(),
        ));
        emit(&LogLine {
            when: Some(crate::types::Wall(1_795_227_524_037)),
            ..LogLine::new(Level::Notice, "not before".to_owned())
        });
        tracing::warn!(port = 5, "with a field");
    });
    let instant = ctime(crate::types::Wall(1_795_227_524_037), local_zone());
    assert_eq!(
        kept.messages(),
        [
            "# +sdown master mymaster 127.0.0.1 6379",
            "* Next failover delay",
            &format!("* not before {instant}"),
            "# with a field port=5"
        ]
    );
}

#[test]
fn lines_said_before_during_and_after_the_writer_thread_keep_their_order() {
    let (control, kept) = to_stream();
    say(&control, "before");
    control.start_writer().unwrap();
    control.start_writer().unwrap();
    for n in 0..100 {
        say(&control, &format!("during {n}"));
    }
    assert!(control.flush_and_stop());
    say(&control, "after");
    let mut expected = vec!["* before".to_owned()];
    expected.extend((0..100).map(|n| format!("* during {n}")));
    expected.push("* after".to_owned());
    assert_eq!(kept.messages(), expected);
}

#[test]
fn a_flush_waits_for_the_lines_said_before_it() {
    let (control, kept) = to_stream();
    control.start_writer().unwrap();
    say(&control, "one");
    assert!(control.flush());
    assert_eq!(kept.messages(), ["* one"]);
    assert!(control.flush_and_stop());
}

#[test]
fn a_full_queue_never_blocks_and_the_number_dropped_is_logged_later() {
    let (entered, has_entered) = mpsc::channel();
    let (permit, permissions) = mpsc::channel();
    let kept = Kept::default();
    let target = Target::Stream(Box::new(Gated {
        entered,
        permissions,
        kept: kept.clone(),
    }));
    let control = LogControl::new(target, TimeZone::UTC, 4);
    control.start_writer().unwrap();

    say(&control, "first");
    has_entered
        .recv_timeout(Duration::from_secs(30))
        .expect("the writer did not start");
    // The writer hangs in its first write: 4 lines wait, 5 are dropped, and no call waits.
    let began = Instant::now();
    for n in 0..9 {
        say(&control, &format!("line {n}"));
    }
    assert!(began.elapsed() < Duration::from_secs(5));
    assert_eq!(kept.text(), "");

    drop(permit);
    assert!(control.flush_and_stop());
    assert_eq!(
        kept.messages(),
        [
            "* first",
            "* line 0",
            "* line 1",
            "* line 2",
            "* line 3",
            "# 5 log lines were lost because they could not be written in time"
        ]
    );
}

#[test]
fn a_hung_log_does_not_hang_the_stop_nor_lines_said_after_it() {
    let (entered, has_entered) = mpsc::channel();
    let (permit, permissions) = mpsc::channel();
    let target = Target::Stream(Box::new(Gated {
        entered,
        permissions,
        kept: Kept::default(),
    }));
    let control = LogControl::new(target, TimeZone::UTC, 4);
    control.start_writer().unwrap();
    say(&control, "first");
    has_entered
        .recv_timeout(Duration::from_secs(30))
        .expect("the writer did not start");
    assert!(!control.0.queue.close(Duration::from_millis(1)));
    say(&control, "dropped, and at once");
    drop(permit);
}

#[test]
fn a_log_file_renamed_away_is_created_anew_without_any_signal() {
    let dir = tempfile::tempdir().unwrap();
    let (log, rotated) = (dir.path().join("s.log"), dir.path().join("s.log.1"));
    let control = to_file(&log);
    control.start_writer().unwrap();
    say(&control, "old");
    assert!(control.flush());
    fs::rename(&log, &rotated).unwrap();
    say(&control, "new");
    assert!(control.flush_and_stop());
    assert!(fs::read_to_string(&rotated).unwrap().ends_with("* old\n"));
    let fresh = fs::read_to_string(&log).unwrap();
    assert!(
        fresh.ends_with("* new\n") && fresh.lines().count() == 1,
        "{fresh}"
    );
}

#[test]
fn lines_a_file_could_not_take_are_counted_when_it_can_again() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path().join("logs");
    let log = folder.join("s.log");
    let control = to_file(&log);
    control.start_writer().unwrap();
    say(&control, "lost one");
    assert!(control.flush());
    say(&control, "lost two");
    assert!(control.flush());
    fs::create_dir(&folder).unwrap();
    say(&control, "kept");
    assert!(control.flush_and_stop());
    let text = fs::read_to_string(&log).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert!(lines[0].ends_with("* kept"), "{text}");
    assert!(lines[1].contains("# 2 log lines were lost"), "{text}");
    assert_eq!(lines.len(), 2);
}

#[test]
fn configuring_the_log_moves_it_from_the_stream_to_the_file() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("s.log");
    let (control, kept) = to_stream();
    say(&control, "early");
    control.configure(LogSettings {
        format: LogFormat::Reference,
        least: LogLevel::Notice,
        file: Some(log.clone()),
        syslog: None,
    });
    say(&control, "late");
    assert_eq!(kept.messages(), ["* early"]);
    assert!(fs::read_to_string(&log).unwrap().ends_with("* late\n"));
}

#[test]
fn a_log_file_in_a_missing_directory_is_found_out_before_the_start() {
    let dir = tempfile::tempdir().unwrap();
    assert!(check_openable(&dir.path().join("no/such.log")).is_err());
    assert!(check_openable(dir.path()).is_err());
    let good = dir.path().join("good.log");
    check_openable(&good).unwrap();
    assert_eq!(fs::read(&good).unwrap(), b"");
}
