//! How a log line is written. As redis-sentinel does (`reference`):
//! `<pid>:X <DD> <Mon> <YYYY> <HH>:<MM>:<SS>.<mmm> <c> <message>`. `json`: one object with `time`
//! (RFC 3339, local with its offset), `pid`, `level` (`debug`, `verbose`, `notice`, `warning`),
//! `event` (of an event: its name) and `message` (of an event: what follows the name). `compact`:
//! `<HH>:<MM>:<SS>.<mmm> <c> <message>`, for readers that note the rest themselves.

use std::fmt::Write as _;

use jiff::Zoned;

use crate::core::notice::Level;
use crate::ext::LogFormat;

const MONTHS: [&str; 12] = [
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
];

impl LogFormat {
    /// Appends an ordinary line with its newline.
    pub(super) fn message(self, out: &mut String, pid: u32, level: Level, at: &Zoned, text: &str) {
        // Writing to a String cannot fail.
        let _ = match self {
            LogFormat::Reference => writeln!(
                out,
                "{pid}:X {:02} {} {:04} {:02}:{:02}:{:02}.{:03} {} {text}",
                at.day(),
                MONTHS[(at.month() - 1) as usize % 12],
                at.year(),
                at.hour(),
                at.minute(),
                at.second(),
                at.millisecond(),
                mark(level),
            ),
            LogFormat::Json => object(out, pid, level, at, text),
            LogFormat::Compact => writeln!(
                out,
                "{} {} {text}",
                at.strftime("%H:%M:%S%.3f"),
                mark(level)
            ),
        };
    }

    /// Appends a line that redis-sentinel writes from inside its signal handler.
    pub(super) fn signal_handler(self, out: &mut String, pid: u32, at: &Zoned, text: &str) {
        if self == LogFormat::Reference {
            let seconds = at.timestamp().as_second().max(0);
            // Writing to a String cannot fail.
            let _ = writeln!(out, "{pid}:signal-handler ({seconds}) {text}");
        } else {
            self.message(out, pid, Level::Notice, at, text);
        }
    }

    /// Appends lines as they are.
    pub(super) fn raw(self, out: &mut String, pid: u32, at: &Zoned, text: &str) {
        for line in text.lines() {
            if self == LogFormat::Reference {
                out.push_str(line);
                out.push('\n');
            } else if !line.is_empty() {
                self.message(out, pid, Level::Notice, at, line);
            }
        }
    }
}

fn object(out: &mut String, pid: u32, level: Level, at: &Zoned, text: &str) -> std::fmt::Result {
    let level = match level {
        Level::Debug => "debug",
        Level::Verbose => "verbose",
        Level::Notice => "notice",
        Level::Warning => "warning",
    };
    let time = at.strftime("%Y-%m-%dT%H:%M:%S%.3f%:z");
    write!(
        out,
        "{{\"time\":\"{time}\",\"pid\":{pid},\"level\":\"{level}\""
    )?;
    let (event, message) = event_of(text);
    if let Some(event) = event {
        write!(out, ",\"event\":\"{event}\"")?;
    }
    out.push_str(",\"message\":\"");
    for character in message.chars() {
        match character {
            '"' | '\\' => out.extend(['\\', character]),
            _ if character.is_control() => write!(out, "\\u{:04x}", u32::from(character))?,
            _ => out.push(character),
        }
    }
    out.push_str("\"}\n");
    Ok(())
}

/// The name of an event, if the line begins with one, and the rest.
fn event_of(text: &str) -> (Option<&str>, &str) {
    let (first, rest) = text.split_once(' ').unwrap_or((text, ""));
    let is_event = first.starts_with(['+', '-'])
        && first.len() > 1
        && first[1..]
            .chars()
            .all(|c| c.is_ascii_lowercase() || c == '-');
    if is_event {
        (Some(first), rest)
    } else {
        (None, text)
    }
}

/// The character that stands for a level.
fn mark(level: Level) -> char {
    match level {
        Level::Debug => '.',
        Level::Verbose => '-',
        Level::Notice => '*',
        Level::Warning => '#',
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use jiff::tz::TimeZone;

    use super::*;

    fn written(format: LogFormat, level: Level, text: &str) -> String {
        let at = Timestamp::from_millisecond(1_795_227_524_037).unwrap();
        let at = at.to_zoned(TimeZone::posix("AAA-1:30").unwrap());
        let mut out = String::new();
        format.message(&mut out, 2580, level, &at, text);
        format.signal_handler(&mut out, 2580, &at, "Received SIGTERM");
        out
    }

    #[test]
    fn a_json_line_is_an_object_with_event_and_message() {
        let text = r#"+sdown master "odd\name" 127.0.0.1 6379"#;
        let out = written(LogFormat::Json, Level::Warning, text);
        let lines: Vec<serde_json::Value> = out
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        assert_eq!(
            lines[0],
            serde_json::json!({
                "time": "2026-11-21T03:48:44.037+01:30",
                "pid": 2580,
                "level": "warning",
                "event": "+sdown",
                "message": r#"master "odd\name" 127.0.0.1 6379"#,
            })
        );
        assert_eq!(
            lines[1],
            serde_json::json!({
                "time": "2026-11-21T03:48:44.037+01:30",
                "pid": 2580,
                "level": "notice",
                "message": "Received SIGTERM",
            })
        );
    }

    #[test]
    fn a_compact_line_has_the_time_of_day_and_the_mark() {
        assert_eq!(
            written(LogFormat::Compact, Level::Verbose, "Accepted x"),
            "03:48:44.037 - Accepted x\n03:48:44.037 * Received SIGTERM\n"
        );
    }

    #[test]
    fn raw_lines_have_a_form_only_where_all_have() {
        let at = Timestamp::UNIX_EPOCH.to_zoned(TimeZone::UTC);
        let raw = |format: LogFormat| {
            let mut out = String::new();
            format.raw(&mut out, 7, &at, "a\n\nb");
            out
        };
        assert_eq!(raw(LogFormat::Reference), "a\n\nb\n");
        assert_eq!(
            raw(LogFormat::Compact),
            "00:00:00.000 * a\n00:00:00.000 * b\n"
        );
    }

    #[test]
    fn only_what_begins_like_an_event_is_one() {
        for (text, event) in [
            ("+switch-master m a 1 b 2", Some("+switch-master")),
            ("-sdown x", Some("-sdown")),
            ("+tilt", Some("+tilt")),
            ("- odd", None),
            ("-1 is no event", None),
            ("Sentinel ID is x", None),
            ("", None),
        ] {
            assert_eq!(event_of(text).0, event, "{text}");
        }
    }
}
