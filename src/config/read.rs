//! Reading a configuration text: generic directives at once and in order, `sentinel` lines
//! queued.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::directives::{self, Directive, Standing};
use super::error::{Complaint, ConfigError};
use super::grammar::{self, Line};
use super::includes::IncludeReader;
use super::sentinel_conf::SentinelConf;
use super::sentinel_lines::{self, QueuedLine};
use super::server_conf::{ServerConf, default_value};
use super::users::{DefaultUser, UserLine};
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
    let mut reading = Reading {
        server: ServerConf::default(),
        default_user: None,
        user_names: BTreeSet::new(),
        queue: Vec::new(),
        votes: Vec::new(),
        warnings: Vec::new(),
        outside: includes,
    };
    reading.text(text, None, 0)?;
    reading.finish()
}

/// The warning about a directive that is accepted and ignored.
pub(super) fn no_effect(directive: &str) -> String {
    format!("directive '{directive}' is accepted and kept but has no effect in this version")
}

struct Reading<'a> {
    server: ServerConf,
    default_user: Option<DefaultUser>,
    user_names: BTreeSet<Vec<u8>>,
    queue: Vec<QueuedLine>,
    votes: Vec<VotedFor>,
    warnings: Vec<String>,
    outside: &'a mut dyn IncludeReader,
}

/// Why a line could not be applied.
enum Stop {
    Complaint(Complaint),
    /// An error that already says where it happened.
    Error(ConfigError),
}

impl From<Complaint> for Stop {
    fn from(complaint: Complaint) -> Self {
        Stop::Complaint(complaint)
    }
}

impl Reading<'_> {
    fn text(
        &mut self,
        text: &[u8],
        file: Option<Arc<str>>,
        depth: usize,
    ) -> Result<(), ConfigError> {
        for (index, text) in grammar::lines(text).enumerate() {
            let number = index + 1;
            let place = |complaint| ConfigError::at(file.as_deref(), number, text, complaint);
            match grammar::read_line(text) {
                Line::Blank => {}
                Line::Comment => self.votes.extend(VotedFor::read(text)),
                Line::Broken => return Err(place(Complaint::UnbalancedQuotes)),
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
                } => {
                    self.directive(&directive, &arguments, depth)
                        .map_err(|stop| match stop {
                            Stop::Complaint(complaint) => place(complaint),
                            Stop::Error(error) => error,
                        })?;
                }
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
            "rename-command" if arguments.len() == 2 => {
                self.warn(no_effect(name));
                return Ok(());
            }
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
            .map_err(Stop::Error)
    }

    fn user(&mut self, arguments: &[Vec<u8>]) -> Result<(), Complaint> {
        let [name, rules @ ..] = arguments else {
            return Err(Complaint::UnknownDirective);
        };
        if name.iter().any(|b| b.is_ascii_whitespace() || *b == 0) {
            return Err(Complaint::UserNameBlanks);
        }
        let text = std::str::from_utf8(name).map_err(|_| Complaint::NotUtf8)?;
        if !self.user_names.insert(name.clone()) {
            return Err(Complaint::DuplicateUser(text.to_owned()));
        }
        if text == "default" {
            self.default_user = Some(DefaultUser::from_rules(rules)?);
        } else {
            self.server.users.push(UserLine::new(text, rules));
        }
        Ok(())
    }

    fn finish(mut self) -> Result<Conf, ConfigError> {
        let general = |complaint| ConfigError::Rejected {
            file: None,
            line: None,
            complaint,
        };
        let logfile = &self.server.logfile;
        if !logfile.is_empty() {
            let check = self.outside.check_log_file(logfile);
            check.map_err(|reason| general(Complaint::LogFile(reason)))?;
        }
        if self.server.aclfile.is_some() && !self.user_names.is_empty() {
            return Err(general(Complaint::UsersAndAclFile));
        }
        self.read_aclfile().map_err(general)?;
        self.settle_default_user();
        let user = &self.server.default_user;
        if user.on && user.nopass && !user.is_unrestricted() {
            return Err(general(Complaint::OpenToAll));
        }
        self.warn_of_what_has_no_effect();
        let sentinel =
            sentinel_lines::execute(&self.queue, &self.votes, self.outside, &mut self.warnings)?;
        Ok(Conf {
            server: self.server,
            sentinel,
            warnings: self.warnings,
        })
    }

    /// The passwords of user `default` guard this process also when they stand in an ACL file;
    /// the other users of the file are named in a warning.
    fn read_aclfile(&mut self) -> Result<(), Complaint> {
        let Some(path) = self.server.aclfile.clone() else {
            return Ok(());
        };
        let text = self.outside.read(&path);
        let text = text.map_err(|reason| Complaint::AclFile(path.clone(), reason))?;
        let broken = |number: usize| {
            Complaint::AclFile(path.clone(), format!("line {number} is no user line"))
        };
        // Whatever requirepass says, the file alone counts for clients.
        self.default_user = Some(DefaultUser::default());
        let mut others = Vec::new();
        for (number, line) in grammar::lines(&text).enumerate() {
            match grammar::read_line(line) {
                Line::Blank => {}
                Line::Words {
                    directive,
                    arguments,
                } if directive == "user" && !arguments.is_empty() => {
                    let name = String::from_utf8_lossy(&arguments[0]).into_owned();
                    if name == "default" {
                        self.default_user = Some(DefaultUser::from_rules(&arguments[1..])?);
                    } else {
                        others.push(name);
                    }
                }
                _ => return Err(broken(number + 1)),
            }
        }
        for name in others {
            self.warn(no_effect(&format!("user {name}")));
        }
        Ok(())
    }

    /// A `user default` line beats `requirepass` for clients; `requirepass` still is what we
    /// authenticate with to peers. After a change of `requirepass` alone they disagree.
    fn settle_default_user(&mut self) {
        let password = self.server.requirepass.clone();
        let Some(user) = self.default_user.take() else {
            self.server.default_user = DefaultUser::with_password(password.as_ref());
            return;
        };
        if password.is_some_and(|p| user.nopass || !user.accepts(p.reveal())) {
            self.warn(
                "the password of requirepass is not one of the line 'user default': clients \
                 need a password of that line; requirepass is used towards other sentinels only"
                    .to_owned(),
            );
        }
        if !user.is_unrestricted() {
            self.warn(
                "the rules of user 'default' about keys, channels and commands are kept but have \
                 no effect in this version"
                    .to_owned(),
            );
        }
        self.server.default_user = user;
    }

    fn warn_of_what_has_no_effect(&mut self) {
        for user in std::mem::take(&mut self.server.users) {
            self.warn(no_effect(&format!("user {}", user.name)));
            self.server.users.push(user);
        }
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
