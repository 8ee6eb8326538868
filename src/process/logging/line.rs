//! One log line: what it carries and how it is written.

use std::time::SystemTime;

use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::core::notice::Level;
use crate::ext::LogFormat;
use crate::types::Wall;

/// The longest message in bytes; longer ones are cut (measured on the reference).
pub const MAX_MESSAGE: usize = 1023;

/// A line on its way to the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// An ordinary line.
    Message {
        /// Its level.
        level: Level,
        /// When it was said.
        at: SystemTime,
        /// What, already fit for the log (see [`fit`]).
        text: String,
    },
    /// A line that the reference writes from inside its signal handler: no level, no local time,
    /// never sent to syslog.
    SignalHandler {
        /// When it was said.
        at: SystemTime,
        /// What.
        text: String,
    },
    /// Lines as they are, without prefix, never sent to syslog: the logo and the marks of a crash
    /// report. Where every line has to have a form, each is an ordinary notice.
    Raw {
        /// When it was said.
        at: SystemTime,
        /// What, without the last newline.
        text: String,
    },
}

impl Line {
    /// Appends the line with its newline.
    pub(super) fn write_to(&self, format: LogFormat, out: &mut String, pid: u32, zone: &TimeZone) {
        let local = |at: SystemTime| {
            let at = Timestamp::try_from(at).unwrap_or_default();
            at.to_zoned(zone.clone())
        };
        match self {
            Line::Message { level, at, text } => {
                format.message(out, pid, *level, &local(*at), text);
            }
            Line::SignalHandler { at, text } => {
                format.signal_handler(out, pid, &local(*at), text);
            }
            Line::Raw { at, text } => format.raw(out, pid, &local(*at), text),
        }
    }
}

/// An instant as C's `ctime` writes it, without the newline: `Sat Nov 21 02:18:44 2026`.
pub(super) fn ctime(when: Wall, zone: &TimeZone) -> String {
    let when = i64::try_from(when.0).map_or(Timestamp::MAX, |ms| {
        Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX)
    });
    when.to_zoned(zone.clone())
        .strftime("%a %b %e %H:%M:%S %Y")
        .to_string()
}

/// Makes a message fit for the log: at most [`MAX_MESSAGE`] bytes, and one line. Control
/// characters inside it (a name may hold any character) are shown as escapes, so that no name
/// can forge a line or command a terminal.
pub(super) fn fit(mut text: String) -> String {
    if text.contains(char::is_control) {
        let mut shown = String::with_capacity(text.len() + 8);
        for character in text.chars() {
            if character.is_control() {
                shown.extend(character.escape_default());
            } else {
                shown.push(character);
            }
        }
        text = shown;
    }
    if text.len() > MAX_MESSAGE {
        let mut end = MAX_MESSAGE;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        text.truncate(end);
    }
    text
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn written(level: Level, zone: &TimeZone) -> String {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_227_524_037);
        let mut out = String::new();
        let text = "+monitor master mymaster 127.0.0.1 33110 quorum 2".to_owned();
        Line::Message { level, at, text }.write_to(LogFormat::Reference, &mut out, 2580, zone);
        out
    }

    #[test]
    fn a_line_has_pid_local_time_mark_and_message() {
        assert_eq!(
            written(Level::Warning, &TimeZone::UTC),
            "2580:X 21 Nov 2026 02:18:44.037 # +monitor master mymaster 127.0.0.1 33110 quorum 2\n"
        );
        assert!(written(Level::Debug, &TimeZone::UTC).contains(".037 . +"));
        assert!(written(Level::Verbose, &TimeZone::UTC).contains(".037 - +"));
        assert!(written(Level::Notice, &TimeZone::UTC).contains(".037 * +"));
    }

    #[test]
    fn the_time_is_that_of_the_zone() {
        let west = TimeZone::posix("AAA10").unwrap();
        assert!(written(Level::Notice, &west).starts_with("2580:X 20 Nov 2026 16:18:44.037 * "));
    }

    #[test]
    fn a_signal_handler_line_has_unix_seconds_and_no_mark() {
        let at = SystemTime::UNIX_EPOCH + Duration::from_millis(1_795_225_599_999);
        let text = "Received SIGTERM scheduling shutdown...".to_owned();
        let mut out = String::new();
        Line::SignalHandler { at, text }.write_to(
            LogFormat::Reference,
            &mut out,
            28241,
            &TimeZone::UTC,
        );
        assert_eq!(
            out,
            "28241:signal-handler (1795225599) Received SIGTERM scheduling shutdown...\n"
        );
    }

    #[test]
    fn an_instant_is_written_as_ctime_does() {
        let text = |ms| ctime(Wall(ms), &TimeZone::UTC);
        assert_eq!(text(1_795_227_524_037), "Sat Nov 21 02:18:44 2026");
        assert_eq!(text(0), "Thu Jan  1 00:00:00 1970");
        assert!(text(u64::MAX).ends_with("9999"));
    }

    #[test]
    fn a_message_is_cut_at_1023_bytes_but_never_inside_a_character() {
        assert_eq!(fit("x".repeat(1023)).len(), 1023);
        assert_eq!(fit("x".repeat(2000)).len(), 1023);
        let cut = fit("é".repeat(600));
        assert_eq!(cut.len(), 1022);
        assert!(cut.chars().all(|c| c == 'é'));
    }

    #[test]
    fn a_control_character_in_a_message_neither_begins_a_line_nor_reaches_a_terminal() {
        assert_eq!(
            fit("a\nb\r\nc\u{1b}[1mé".to_owned()),
            "a\\nb\\r\\nc\\u{1b}[1mé"
        );
    }
}
