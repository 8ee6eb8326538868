//! Reading a configuration text: generic directives at once and in order, `sentinel` lines
//! queued.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::directives::{self, Directive, Standing};
use super::error::{Complaint, ConfigError, Faults, Stopped};
use super::grammar::{self, Line};
use super::includes::IncludeReader;
use super::sentinel_conf::SentinelConf;
use super::sentinel_lines::{Execution, QueuedLine};
use super::server_conf::{ServerConf, default_value};
use super::users::UserLine;
use super::voted_for::VotedFor;

/// How deep files may include files. The reference has no limit and overflows its stack.
const MAX_INCLUDE_DEPTH: usize = 16;

/// A whole configuration.
#[derive(Clone, Debug, PartialEq)]
pub struct Conf {
    /// The generic directives.
    pub server: ServerConf,
    /// The `sentinel …` lines.
    pub sentinel: SentinelConf,
    /// What the operator should know; one log line each, without secrets.
    pub warnings: Vec<String>,
}

/// Reads a configuration text: the file, then what was read from standard input, then the
/// options of the command line, each on lines of its own.
pub fn parse(text: &[u8], includes: &mut dyn IncludeReader) -> Result<Conf, ConfigError> {
    let (conf, faults) = read(text, includes, Faults::stopping());
    match faults.into_iter().next() {
        Some(fault) => Err(fault),
        None => Ok(conf),
    }
}

/// Reads a configuration text to its end, whatever is wrong with it: everything that is, in the
/// order of the lines, and what the other lines say.
pub fn check(text: &[u8], includes: &mut dyn IncludeReader) -> (Conf, Vec<ConfigError>) {
    let (conf, mut faults) = read(text, includes, Faults::collecting());
    faults.sort_by_key(ConfigError::place);
    (conf, faults)
}

fn read(text: &[u8], outside: &mut dyn IncludeReader, faults: Faults) -> (Conf, Vec<ConfigError>) {
    let mut reading = Reading {
        server: ServerConf::default(),
        user_names: BTreeSet::new(),
        queue: Vec::new(),
        votes: Vec::new(),
        warnings: Vec::new(),
        faults,
        outside,
    };
    let mut sentinel = SentinelConf::default();
    // Stopped or not: the faults say it.
    let _ended = reading
        .text(text, None, 0)
        .and_then(|()| reading.finish(&mut sentinel));
    let conf = Conf {
        server: reading.server,
        sentinel,
        warnings: reading.warnings,
    };
    (conf, reading.faults.found)
}

/// The warning about a directive that is accepted and ignored.
fn no_effect(directive: &str) -> String {
    format!("directive '{directive}' is accepted and kept but has no effect in this version")
}

struct Reading<'a> {
    server: ServerConf,
    user_names: BTreeSet<Vec<u8>>,
    queue: Vec<QueuedLine>,
    votes: Vec<VotedFor>,
    warnings: Vec<String>,
    faults: Faults,
    outside: &'a mut dyn IncludeReader,
}

/// Why a line could not be applied.
enum Stop {
    Complaint(Complaint),
    /// An error that already says where it happened.
    Error(ConfigError),
    /// A fault was noted, and it is to be the only one.
    Stopped(Stopped),
}

impl From<Complaint> for Stop {
    fn from(complaint: Complaint) -> Self {
        Stop::Complaint(complaint)
    }
}

impl Reading<'_> {
    fn text(&mut self, text: &[u8], file: Option<Arc<str>>, depth: usize) -> Result<(), Stopped> {
        for (index, text) in grammar::lines(text).enumerate() {
            let number = index + 1;
            let place = |complaint| ConfigError::at(file.as_deref(), number, text, complaint);
            match grammar::read_line(text) {
                Line::Blank => {}
                Line::Comment => self.votes.extend(VotedFor::read(text)),
                Line::Broken => self.faults.note(place(Complaint::UnbalancedQuotes))?,
                Line::Words {
                    directive,
                    arguments,
                } if directive == "sentinel" => {
                    if !arguments.is_empty() {
                        let (file, text) = (file.clone(), text.to_vec());
                        self.queue.push(QueuedLine {
                            file,
                            number,
                            text,
                            words: arguments,
                        });
                    }
                }
                Line::Words {
                    directive,
                    arguments,
                } => match self.directive(&directive, &arguments, depth) {
                    Ok(()) => {}
                    Err(Stop::Complaint(complaint)) => self.faults.note(place(complaint))?,
                    Err(Stop::Error(error)) => self.faults.note(error)?,
                    Err(Stop::Stopped(stopped)) => return Err(stopped),
                },
            }
        }
        Ok(())
    }

    fn directive(&mut self, name: &str, arguments: &[Vec<u8>], depth: usize) -> Result<(), Stop> {
        match name {
            "include" => return self.include(arguments, depth),
            "user" => return Ok(self.user(arguments)?),
            "client-output-buffer-limit" => {
                return Ok(self.server.output_limits.apply(arguments)?);
            }
            "rename-command" => return Ok(self.rename(arguments)?),
            _ => {}
        }
        match directives::find(name) {
            Some(directive) => Ok(self.known(directive, arguments)?),
            None if name.contains('.') && arguments.is_empty() => {
                Err(Complaint::ModuleWithoutValue.into())
            }
            // A module's setting: there are no modules here.
            None if name.contains('.') => Ok(()),
            None => Err(Complaint::UnknownDirective.into()),
        }
    }

    fn known(
        &mut self,
        directive: &'static Directive,
        arguments: &[Vec<u8>],
    ) -> Result<(), Complaint> {
        if matches!(directive.standing, Standing::Dropped | Standing::Retired) {
            return Ok(());
        }
        let value = directive.kind.read(arguments)?;
        self.server.set(directive, value)?;
        if directive.name == "dir" {
            let dir = self.server.dir.as_deref().unwrap_or_default();
            self.outside
                .change_dir(dir)
                .map_err(Complaint::BadDirectory)?;
        }
        Ok(())
    }

    fn include(&mut self, arguments: &[Vec<u8>], depth: usize) -> Result<(), Stop> {
        let [path] = arguments else {
            return Err(Complaint::UnknownDirective.into());
        };
        if depth == MAX_INCLUDE_DEPTH {
            return Err(Complaint::IncludesTooDeep.into());
        }
        let path = std::str::from_utf8(path).map_err(|_| Complaint::NotUtf8)?;
        let files = if path.contains(['*', '?', '[']) {
            self.outside.glob(path)
        } else {
            vec![path.to_owned()]
        };
        // The files of a pattern are one text: a file without a final newline runs on into the
        // next, as with the reference.
        let mut text = Vec::new();
        for file in files {
            let content = self.outside.read(&file);
            text.extend(
                content.map_err(|reason| {
                    Stop::Error(ConfigError::CannotOpen { path: file, reason })
                })?,
            );
        }
        self.text(&text, Some(Arc::from(path)), depth + 1)
            .map_err(Stop::Stopped)
    }

    fn rename(&mut self, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let [from, to] = arguments else {
            return Err(Complaint::UnknownDirective);
        };
        let renames = &mut self.server.renames;
        if let Some(problem) = self.outside.fault_of_rename(renames, from, to) {
            return Err(Complaint::Rename(problem));
        }
        renames.push((from.clone(), to.clone()));
        Ok(())
    }

    fn user(&mut self, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let [name, rules @ ..] = arguments else {
            return Err(Complaint::UnknownDirective);
        };
        if name.is_empty() || name.iter().any(|b| b.is_ascii_whitespace() || *b == 0) {
            return Err(Complaint::UserNameBlanks);
        }
        let shown = || String::from_utf8_lossy(name).into_owned();
        if !self.user_names.insert(name.clone()) {
            return Err(Complaint::DuplicateUser(shown()));
        }
        let line = UserLine {
            name: name.clone(),
            rules: rules.to_vec(),
        };
        if let Some(problem) = self.outside.fault_of_user(&line) {
            let user = shown();
            return Err(Complaint::UserRule { user, problem });
        }
        self.server.users.push(line);
        Ok(())
    }

    fn finish(&mut self, sentinel: &mut SentinelConf) -> Result<(), Stopped> {
        let general = |complaint| ConfigError::Rejected {
            file: None,
            line: None,
            complaint,
        };
        let logfile = &self.server.logfile;
        if !logfile.is_empty()
            && let Err(reason) = self.outside.check_log_file(logfile)
        {
            self.faults.note(general(Complaint::LogFile(reason)))?;
        }
        if self.server.aclfile.is_some() && !self.user_names.is_empty() {
            self.faults.note(general(Complaint::UsersAndAclFile))?;
        }
        self.warn_of_what_has_no_effect();
        let mut execution = Execution {
            conf: sentinel,
            outside: self.outside,
            warnings: &mut self.warnings,
            faults: &mut self.faults,
            failed_masters: BTreeSet::new(),
            included_masters: BTreeSet::new(),
        };
        execution.lines(&self.queue, &self.votes)
    }

    fn warn_of_what_has_no_effect(&mut self) {
        for directive in directives::all() {
            let value = self.server.current(directive);
            if directive.standing == Standing::NotYet && value != default_value(directive) {
                self.warn(no_effect(directive.name));
            }
        }
    }

    fn warn(&mut self, text: String) {
        if !self.warnings.contains(&text) {
            self.warnings.push(text);
        }
    }
}
