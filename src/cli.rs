//! The command line, in the manner of redis: a file, then options that become lines of
//! configuration text.
//!
//! Read by hand and not by an argument parser: `-v`, `-h` and their like count only as the very
//! first argument, everything after the file is free text for the configuration, and an option
//! may have values that begin with two dashes. No parser's rules say that.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// What the program is asked to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Invocation {
    /// Be a sentinel.
    Run(Run),
    /// `-v`, `--version`: print the version, exit 0.
    Version,
    /// `-h`, `--help`: print the usage to stderr, exit 1.
    Help,
    /// `--check-config`: say what is wrong with a configuration and exit.
    CheckConfig(Run),
    /// `--check-system`: exit 0 if every check passes.
    CheckSystem,
    /// `--test-memory`; the number of megabytes, `None` if it is missing (exit 1).
    TestMemory(Option<usize>),
}

/// Where the configuration comes from.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Run {
    /// The configuration file, absolute: a later change of directory does not move it. `None`
    /// is an error, but one found only after the options were read.
    pub file: Option<PathBuf>,
    /// A lone `-` stood first or last: read standard input also.
    pub stdin: bool,
    /// The options as lines of configuration text, joined by newlines.
    pub option_lines: String,
    /// `--ext PATH`: the rsentinel.toml to read, absolute.
    pub ext: Option<PathBuf>,
    /// `--state-file PATH`, absolute.
    pub state_file: Option<PathBuf>,
}

impl Run {
    /// Where the configuration text comes from, in the order in which its lines are counted.
    pub fn sources(&self) -> String {
        let file = self.file.as_deref().map(|path| path.display().to_string());
        let stdin = self.stdin.then(|| "standard input".to_owned());
        let options = (!self.option_lines.is_empty()).then(|| "command-line options".to_owned());
        let sources: Vec<String> = [file, stdin, options].into_iter().flatten().collect();
        sources.join(", ")
    }
}

/// The text of `--help`.
pub const USAGE: &str = "\
Usage: rsentinel /path/to/sentinel.conf [--ext PATH] [--state-file PATH] [options] [-]
       rsentinel -v or --version
       rsentinel -h or --help
       rsentinel --check-config /path/to/sentinel.conf [options]
       rsentinel --test-memory <megabytes>
       rsentinel --check-system

Options are lines of the configuration file with two dashes in front; they win over the
file, and are kept in it. A lone dash at the end reads more lines from standard input.

Two options are rsentinel's own:
       --ext PATH         read the settings that sentinel.conf cannot hold from here, not from
                          the rsentinel.toml beside the configuration file
       --state-file PATH  keep the state in this file and never write to the configuration file

--check-config says everything that is wrong with a configuration, and what is dangerous in it, with
line numbers, and starts nothing. Exit status: 0 it can be used (there may be warnings), 1 it cannot.

Examples:
       rsentinel /etc/redis/sentinel.conf
       rsentinel /etc/redis/sentinel.conf --port 7777 --loglevel verbose
       rsentinel /etc/redis/sentinel.conf --sentinel announce-ip 192.0.2.1
       echo 'port 7777' | rsentinel /etc/redis/sentinel.conf -

Sentinel mode:
       rsentinel is always in Sentinel mode; a lone --sentinel is accepted and ignored.
";

/// What is said when `--test-memory` lacks its number.
pub const TEST_MEMORY_USAGE: &str = "\
Please specify the amount of memory to test in megabytes.
Example: ./rsentinel --test-memory 4096

";

/// Reads the arguments, without the program's own name. `current_dir` makes the file absolute.
pub fn parse(arguments: &[OsString], current_dir: &Path) -> Invocation {
    let Some(first) = arguments.first() else {
        return Invocation::Run(Run::default());
    };
    match first.as_bytes() {
        b"-v" | b"--version" => return Invocation::Version,
        b"-h" | b"--help" => return Invocation::Help,
        b"--check-system" => return Invocation::CheckSystem,
        b"--check-config" => return Invocation::CheckConfig(run(&arguments[1..], current_dir)),
        b"--test-memory" => {
            let megabytes = arguments
                .get(1)
                .and_then(|word| word.to_str()?.parse().ok());
            return Invocation::TestMemory(megabytes);
        }
        _ => {}
    }
    Invocation::Run(run(arguments, current_dir))
}

/// A file, unless the first argument is an option, and options.
fn run(arguments: &[OsString], current_dir: &Path) -> Run {
    let (file, tail) = match arguments {
        [first, rest @ ..] if first.as_bytes().first() != Some(&b'-') => {
            (Some(absolute(first, current_dir)), rest)
        }
        _ => (None, arguments),
    };
    let (tail, stdin) = without_stdin_dash(tail, file.is_none());
    let options = Options::read(tail);
    let path = |own: Option<&OsStr>| own.map(|path| current_dir.join(path));
    Run {
        file,
        stdin,
        ext: path(options.ext),
        state_file: path(options.state_file),
        option_lines: options.lines.join("\n"),
    }
}

/// The file's path against the current directory. Blanks around it are trimmed and leading
/// `../` are resolved as text, as the reference does: this text is shown in INFO and in errors.
fn absolute(file: &OsStr, current_dir: &Path) -> PathBuf {
    let mut rest = file.as_bytes().trim_ascii();
    if rest.first() == Some(&b'/') {
        return PathBuf::from(OsStr::from_bytes(rest));
    }
    let mut base = current_dir;
    while let Some(after) = rest.strip_prefix(b"../") {
        rest = after;
        base = base.parent().unwrap_or(base);
    }
    let mut path = base.as_os_str().as_bytes().to_vec();
    if path.last() != Some(&b'/') {
        path.push(b'/');
    }
    path.extend_from_slice(rest);
    PathBuf::from(OsString::from_vec(path))
}

/// A lone dash as the very first or the last argument asks for standard input; elsewhere it is
/// an ordinary value.
fn without_stdin_dash(tail: &[OsString], is_whole: bool) -> (&[OsString], bool) {
    let mut tail = tail;
    let mut stdin = false;
    if let [first, rest @ ..] = tail
        && is_whole
        && first == "-"
    {
        (tail, stdin) = (rest, true);
    }
    if let [rest @ .., last] = tail
        && last == "-"
    {
        (tail, stdin) = (rest, true);
    }
    (tail, stdin)
}

/// What the options say.
#[derive(Default)]
struct Options<'a> {
    /// Configuration text, a line an option.
    lines: Vec<String>,
    /// The values of the two options that are our own and no configuration.
    ext: Option<&'a OsStr>,
    state_file: Option<&'a OsStr>,
}

impl<'a> Options<'a> {
    fn read(tail: &'a [OsString]) -> Self {
        let mut options = Options::default();
        // Whether the last line may be followed by another option: it has a value, or needs none.
        let mut complete = true;
        let mut at = 0;
        while let Some(argument) = tail.get(at) {
            let next = tail.get(at + 1);
            at += 1;
            if let (true, Some(value)) = (complete, next)
                && let Some(own) = options.own(argument)
            {
                *own = Some(value);
                at += 1;
                continue;
            }
            let bytes = argument.as_bytes();
            let Some(option) = bytes.strip_prefix(b"--").filter(|_| complete) else {
                options.value(bytes);
                complete = true;
                continue;
            };
            let mut line = String::from_utf8_lossy(option).into_owned();
            let no_value_follows = next.is_none_or(|next| next.as_bytes().starts_with(b"--"));
            // `"--port 26380"` in one argument carries its value.
            complete = line.trim().contains(char::is_whitespace);
            if no_value_follows && line.eq_ignore_ascii_case("sentinel") {
                complete = true;
            } else if no_value_follows && line.eq_ignore_ascii_case("save") {
                line.push_str(" \"\"");
                complete = true;
            }
            options.lines.push(line);
        }
        options
    }

    /// Where the value of an option goes that is no configuration. Without a value such an
    /// option is a line like any other, which the configuration refuses by its name.
    fn own(&mut self, argument: &OsStr) -> Option<&mut Option<&'a OsStr>> {
        match argument.as_bytes() {
            b"--ext" => Some(&mut self.ext),
            b"--state-file" => Some(&mut self.state_file),
            _ => None,
        }
    }

    fn value(&mut self, value: &[u8]) {
        match self.lines.last_mut() {
            Some(line) => {
                line.push(' ');
                line.push_str(&quoted(value));
            }
            None => self.lines.push(quoted(value)),
        }
    }
}

/// A value as a double-quoted word that the configuration parser reads back byte for byte.
fn quoted(value: &[u8]) -> String {
    String::from_utf8_lossy(&crate::types::quote(value)).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(words: &[&str]) -> Vec<OsString> {
        words.iter().map(OsString::from).collect()
    }

    fn run(words: &[&str]) -> Run {
        match parse(&arguments(words), Path::new("/srv/here")) {
            Invocation::Run(run) => run,
            other => panic!("{words:?} gave {other:?}"),
        }
    }

    #[test]
    fn options_after_the_file_become_lines_of_configuration() {
        // Each row was measured on the reference through the line its error report quotes.
        let table: &[(&[&str], &str)] = &[
            (&[], ""),
            (&["--port"], "port"),
            (&["--port", "1"], "port \"1\""),
            (
                &["--port", "1", "--bind", "a", "b"],
                "port \"1\"\nbind \"a\" \"b\"",
            ),
            (&["--foo", "bar"], "foo \"bar\""),
            (&["bar"], "\"bar\""),
            (&["-x", "y"], "\"-x\" \"y\""),
            // An option still without a value takes the next word, whatever it looks like.
            (
                &["--port", "--bind", "127.0.0.1"],
                "port \"--bind\" \"127.0.0.1\"",
            ),
            (
                &["--foo", "a", "b", "--bar", "--baz", "--qux"],
                "foo \"a\" \"b\"\nbar \"--baz\"\nqux",
            ),
            // One argument with blanks carries its value.
            (&["--port 33201", "--foo", "a"], "port 33201\nfoo \"a\""),
            (
                &["--sentinel announce-ip localhost"],
                "sentinel announce-ip localhost",
            ),
            (&["--foo 'a", "--bar", "x"], "foo 'a\nbar \"x\""),
            (&["--port ", "--bind", "a"], "port  \"--bind\" \"a\""),
            (&["--port", "", "--bind", "x"], "port \"\"\nbind \"x\""),
            // The two that may have no value.
            (&["--sentinel"], "sentinel"),
            (&["--sentinel", "--port", "1"], "sentinel\nport \"1\""),
            (&["--SENTINEL", "--port", "1"], "SENTINEL\nport \"1\""),
            (&["--port", "1", "--sentinel"], "port \"1\"\nsentinel"),
            (
                &[
                    "--sentinel",
                    "announce-ip",
                    "1.2.3.4",
                    "--sentinel",
                    "announce-port",
                    "5000",
                ],
                "sentinel \"announce-ip\" \"1.2.3.4\"\nsentinel \"announce-port\" \"5000\"",
            ),
            (&["--save"], "save \"\""),
            (&["--save", "--foo", "bar"], "save \"\"\nfoo \"bar\""),
            (&["--save", "900", "1"], "save \"900\" \"1\""),
            (&["--sentinel", "--save"], "sentinel\nsave \"\""),
            // Two dashes alone are an option without a name.
            (&["--", "--port", "0"], " \"--port\" \"0\""),
            (&["--", "foo"], " \"foo\""),
            // A dash in the middle is a value.
            (&["--foo", "a", "-", "b"], "foo \"a\" \"-\" \"b\""),
            // Values survive byte for byte.
            (&["--foo", "a b\n\"\\"], "foo \"a b\\n\\\"\\\\\""),
        ];
        for (tail, expected) in table {
            let mut words = vec!["s.conf"];
            words.extend_from_slice(tail);
            let run = run(&words);
            assert_eq!(run.option_lines, *expected, "{tail:?}");
            assert_eq!(
                run.file,
                Some(PathBuf::from("/srv/here/s.conf")),
                "{tail:?}"
            );
            assert!(!run.stdin, "{tail:?}");
        }
    }

    #[test]
    fn the_options_of_our_own_are_no_lines_of_configuration() {
        let own = run(&["f", "--ext", "x.toml", "--port", "1", "--state-file", "/s"]);
        assert_eq!(own.ext, Some(PathBuf::from("/srv/here/x.toml")));
        assert_eq!(own.state_file, Some(PathBuf::from("/s")));
        assert_eq!(own.option_lines, "port \"1\"");
        // As the value of another option it is a value, and without its own it is refused later.
        let value = run(&["f", "--pidfile", "--ext", "x", "--ext"]);
        assert_eq!(value.ext, None);
        assert_eq!(value.option_lines, "pidfile \"--ext\" \"x\"\next");
    }

    #[test]
    fn a_value_that_is_not_utf_8_is_escaped() {
        let words = [
            OsString::from("f"),
            OsString::from("--foo"),
            OsString::from_vec(vec![b'a', 0xff]),
        ];
        let Invocation::Run(run) = parse(&words, Path::new("/")) else {
            panic!("no run")
        };
        assert_eq!(run.option_lines, "foo \"a\\xff\"");
    }

    #[test]
    fn without_a_file_everything_is_options() {
        assert_eq!(run(&[]), Run::default());
        let wrong_order = run(&["--sentinel", "s.conf"]);
        assert_eq!(wrong_order.file, None);
        assert_eq!(wrong_order.option_lines, "sentinel \"s.conf\"");
    }

    #[test]
    fn a_lone_dash_first_or_last_asks_for_stdin() {
        for (words, has_file, lines) in [
            (&["-"][..], false, ""),
            (&["f", "-"], true, ""),
            (&["f", "--port", "1", "-"], true, "port \"1\""),
            (&["-", "--port", "1"], false, "port \"1\""),
            (&["f", "--port", "-"], true, "port"),
        ] {
            let run = run(words);
            assert!(run.stdin, "{words:?}");
            assert_eq!(run.file.is_some(), has_file, "{words:?}");
            assert_eq!(run.option_lines, lines, "{words:?}");
        }
        let second = run(&["f", "-", "--port", "1"]);
        assert!(!second.stdin);
        assert_eq!(second.option_lines, "\"-\"\nport \"1\"");
    }

    #[test]
    fn the_file_is_absolute_with_only_leading_parents_resolved() {
        for (written, expected) in [
            ("s.conf", "/srv/here/s.conf"),
            ("/etc/s.conf", "/etc/s.conf"),
            (" s.conf ", "/srv/here/s.conf"),
            ("./../s.conf", "/srv/here/./../s.conf"),
            ("../s.conf", "/srv/s.conf"),
            ("../../../../s.conf", "/s.conf"),
            ("/x/../s.conf", "/x/../s.conf"),
            ("", "/srv/here/"),
        ] {
            assert_eq!(
                run(&[written]).file,
                Some(PathBuf::from(expected)),
                "{written}"
            );
        }
    }

    #[test]
    fn the_words_that_do_not_start_a_sentinel_count_only_as_the_first_argument() {
        let first = |words: &[&str]| parse(&arguments(words), Path::new("/"));
        assert_eq!(first(&["-v"]), Invocation::Version);
        assert_eq!(first(&["--version", "x"]), Invocation::Version);
        assert_eq!(first(&["-h"]), Invocation::Help);
        assert_eq!(first(&["--help"]), Invocation::Help);
        assert_eq!(first(&["--check-system"]), Invocation::CheckSystem);
        assert_eq!(first(&["--test-memory"]), Invocation::TestMemory(None));
        let Invocation::CheckConfig(checked) = first(&["--check-config", "f", "--port", "1"])
        else {
            panic!("no check");
        };
        assert_eq!(checked.file, Some(PathBuf::from("/f")));
        assert_eq!(checked.option_lines, "port \"1\"");
        assert_eq!(
            first(&["--test-memory", "4"]),
            Invocation::TestMemory(Some(4))
        );
        assert_eq!(run(&["f", "-v"]).option_lines, "\"-v\"");
        assert_eq!(run(&["f", "--help"]).option_lines, "help");
        assert_eq!(run(&["--version=1"]).option_lines, "version=1");
    }
}
