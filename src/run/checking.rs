//! `--check-config`: everything that is wrong with a configuration, and what is dangerous in it,
//! without starting.

use std::fmt::Write as _;
use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::cli::Run;
use crate::commands::settle_users;
use crate::config::state_file::{self, Refused};
use crate::config::{self, Conf, ConfigError, dangers};
use crate::ext::Ext;
use crate::process::fatal::FatalStart;
use crate::process::{config_file, ext_file};
use crate::server::conf_files::{OnlyLooking, read_acl_file};

/// Says what was found on `out`, one finding a line with file and line number, and a count at the
/// end. Whether the configuration can be used; warnings do not count.
///
/// # Errors
/// Nothing can be said on `out`.
pub(super) fn check(run: &Run, out: &mut impl Write) -> io::Result<bool> {
    let mut findings = Findings::of(run);
    findings.look(run);
    let Findings {
        name,
        errors,
        warnings,
        text,
        ..
    } = findings;
    write!(out, "{text}")?;
    let count = |number: usize, what: &str| match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    };
    writeln!(
        out,
        "{name}: {}, {}",
        count(errors, "error"),
        count(warnings, "warning")
    )?;
    Ok(errors == 0)
}

struct Findings {
    /// The file.
    name: String,
    /// How many lines are its own; the options of the command line come behind them.
    own_lines: usize,
    errors: usize,
    warnings: usize,
    text: String,
}

enum Gravity {
    Error,
    Warning,
}

impl Findings {
    fn of(run: &Run) -> Self {
        let name = run.file.as_deref().map(|path| path.display().to_string());
        Findings {
            name: name.unwrap_or_else(|| "command line".to_owned()),
            own_lines: usize::MAX,
            errors: 0,
            warnings: 0,
            text: String::new(),
        }
    }

    fn look(&mut self, run: &Run) {
        let file = run.file.as_deref();
        let text = match config_file::read(file, run.stdin, &run.option_lines) {
            Ok(text) => text,
            Err(fatal) => return self.fatal(fatal),
        };
        if let Some(own) = file.and_then(|path| fs::read(path).ok()) {
            self.own_lines = own.split(|byte| *byte == b'\n').count();
        }
        // Before a `dir` line changes what relative paths mean.
        let read_by_all = file.is_some_and(is_read_by_all);
        let ext = match ext_file::load(run.ext.as_deref(), file) {
            Ok(ext) => ext,
            Err(fatal) => {
                self.fatal(fatal);
                Ext::default()
            }
        };
        let (conf, faults) = config::check(&text, &mut OnlyLooking);
        for fault in faults {
            self.fault(fault);
        }
        self.users(&conf);
        self.listeners(&conf);
        self.tls(&conf, &ext);
        let state_file = run.state_file.as_deref();
        let state_file = state_file.or(ext.state_file.as_deref().map(Path::new));
        self.place(file, state_file);
        for warning in &conf.warnings {
            self.say(Gravity::Warning, None, warning, None);
        }
        for danger in dangers(&text, &conf, read_by_all) {
            self.say(Gravity::Warning, danger.line, &danger.text, None);
        }
    }

    fn users(&mut self, conf: &Conf) {
        let mut server = conf.server.clone();
        if let Err(refused) = settle_users(&mut server, read_acl_file) {
            for text in refused.before {
                self.say(Gravity::Error, None, &text, None);
            }
            self.say(Gravity::Error, None, &refused.last, None);
        }
    }

    fn listeners(&mut self, conf: &Conf) {
        let server = &conf.server;
        let tcp = (server.port != 0 || server.tls_port() != 0) && !server.bind.is_empty();
        if !tcp && server.unixsocket.is_none() {
            let text = "Configured to not listen anywhere";
            self.say(Gravity::Error, None, text, None);
        }
    }

    fn tls(&mut self, conf: &Conf, ext: &Ext) {
        match super::encrypting::check(&conf.server, &ext.tls) {
            Ok(warnings) => {
                for text in warnings {
                    self.say(Gravity::Warning, None, &text, None);
                }
            }
            Err(text) => self.say(Gravity::Error, None, &text, None),
        }
    }

    /// Where votes and epochs are to be remembered.
    fn place(&mut self, file: Option<&Path>, state_file: Option<&Path>) {
        let Some(path) = state_file else {
            if let Err(fatal) = config_file::check_writable(file) {
                self.fatal(fatal);
            }
            return;
        };
        let text =
            config_file::check_given(file).and_then(|file| config_file::read_state(path, file));
        let text = match text {
            Ok(text) => text,
            Err(fatal) => return self.fatal(fatal),
        };
        let shown = path.display().to_string();
        match state_file::read(&text) {
            Ok(_) => {}
            Err(Refused::Faulty(error)) => self.fault(error.in_file(&shown)),
            Err(refused) => self.fatal(super::configuring::refusal(refused, &shown)),
        }
    }

    fn fault(&mut self, fault: ConfigError) {
        match fault {
            ConfigError::CannotOpen { .. } => {
                self.say(Gravity::Error, None, &fault.to_string(), None);
            }
            ConfigError::Rejected {
                file,
                line,
                complaint,
            } => {
                let number = line.as_ref().map(|line| line.number);
                let text = line.as_ref().map(|line| line.text.as_str());
                let complaint = complaint.to_string();
                self.say_of(file.as_deref(), Gravity::Error, number, &complaint, text);
            }
        }
    }

    /// What would end a start by a line of the log or a report of its own.
    fn fatal(&mut self, fatal: FatalStart) {
        match fatal {
            FatalStart::Logged(text) => {
                let text = text.trim_end_matches(" Exiting...").to_owned();
                self.say(Gravity::Error, None, &text, None);
            }
            FatalStart::Config(report) => {
                let lines: Vec<&str> = report.lines().skip(2).collect();
                self.say(Gravity::Error, None, &lines.join("\n    "), None);
            }
        }
    }

    fn say(&mut self, gravity: Gravity, line: Option<usize>, text: &str, quote: Option<&str>) {
        self.say_of(None, gravity, line, text, quote);
    }

    fn say_of(
        &mut self,
        included: Option<&str>,
        gravity: Gravity,
        line: Option<usize>,
        text: &str,
        quote: Option<&str>,
    ) {
        let word = match gravity {
            Gravity::Error => {
                self.errors += 1;
                "error"
            }
            Gravity::Warning => {
                self.warnings += 1;
                "warning"
            }
        };
        let place = match (included, line) {
            (Some(file), Some(line)) => format!("{file}:{line}"),
            (Some(file), None) => file.to_owned(),
            (None, Some(line)) if line > self.own_lines => "command line".to_owned(),
            (None, Some(line)) => format!("{}:{line}", self.name),
            (None, None) => self.name.clone(),
        };
        // Writing to a text cannot fail.
        let _ = writeln!(self.text, "{place}: {word}: {text}");
        if let Some(quote) = quote {
            let _ = writeln!(self.text, "    {quote}");
        }
    }
}

/// Everybody on the machine may read the file.
fn is_read_by_all(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o004 != 0)
}
