//! Why a configuration was refused, in the words operators know.

use std::fmt;

use super::masking::mask_line;

/// Why reading the configuration stopped. Its text never contains a password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A line or a setting is wrong. The text is the report for standard error; the process
    /// then exits with status 1.
    Rejected {
        /// The file that was read, if known.
        file: Option<String>,
        /// The line, unless the fault is not tied to one.
        line: Option<FaultyLine>,
        /// What is wrong.
        complaint: Complaint,
    },
    /// A file could not be read. The text is one line for the log (level warning), not for
    /// standard error; the process then exits with status 1.
    CannotOpen {
        /// The file as it was named.
        path: String,
        /// What the operating system said.
        reason: String,
    },
}

/// Where a configuration is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FaultyLine {
    /// Counted from 1 within the text being read.
    pub number: usize,
    /// The trimmed line, passwords masked.
    pub text: String,
}

/// Faults as they are found.
#[derive(Debug)]
pub(super) struct Faults {
    /// Them, in the order of finding.
    pub found: Vec<ConfigError>,
    go_on: bool,
}

/// The first fault ends the reading.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stopped;

impl Faults {
    /// The first is the only one.
    pub fn stopping() -> Self {
        Faults {
            found: Vec::new(),
            go_on: false,
        }
    }

    /// All of them.
    pub fn collecting() -> Self {
        Faults {
            go_on: true,
            ..Faults::stopping()
        }
    }

    pub fn note(&mut self, fault: ConfigError) -> Result<(), Stopped> {
        self.found.push(fault);
        if self.go_on { Ok(()) } else { Err(Stopped) }
    }
}

impl ConfigError {
    /// The file, if it is an included one, and the line: the order in which faults are told.
    pub(super) fn place(&self) -> (Option<String>, usize) {
        match self {
            ConfigError::Rejected { file, line, .. } => {
                let last = usize::MAX;
                (file.clone(), line.as_ref().map_or(last, |line| line.number))
            }
            ConfigError::CannotOpen { .. } => (None, usize::MAX),
        }
    }

    /// The error of one line; its passwords are masked here.
    pub(super) fn at(file: Option<&str>, number: usize, line: &[u8], complaint: Complaint) -> Self {
        let line = FaultyLine {
            number,
            text: mask_line(line),
        };
        ConfigError::Rejected {
            file: file.map(str::to_owned),
            line: Some(line),
            complaint,
        }
    }

    /// The host that could not be resolved, if that is what is wrong. The reference logs it before
    /// it reports the error.
    pub fn unresolved_host(&self) -> Option<&str> {
        match self {
            ConfigError::Rejected {
                complaint: Complaint::Host(host),
                ..
            } => Some(host),
            _ => None,
        }
    }

    /// Names the file of an error in the text given to [`super::parse`] itself; an error in an
    /// included file keeps that file's name.
    pub fn in_file(self, name: &str) -> Self {
        match self {
            ConfigError::Rejected {
                file: None,
                line,
                complaint,
            } => ConfigError::Rejected {
                file: Some(name.to_owned()),
                line,
                complaint,
            },
            other => other,
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ConfigError::Rejected {
                file,
                line,
                complaint,
            } => {
                let version = env!("CARGO_PKG_VERSION");
                write!(
                    f,
                    "\n*** FATAL CONFIG FILE ERROR (rsentinel {version}) ***\n"
                )?;
                if let Some(file) = file {
                    writeln!(f, "File: {file}")?;
                }
                if let Some(FaultyLine { number, text }) = line {
                    writeln!(f, "Reading the configuration file, at line {number}")?;
                    writeln!(f, ">>> '{text}'")?;
                }
                write!(f, "{complaint}")
            }
            ConfigError::CannotOpen { path, reason } => {
                write!(f, "Fatal error, can't open config file '{path}': {reason}")
            }
        }
    }
}

impl std::error::Error for ConfigError {}

/// What is wrong with a line or a setting. The texts are those the reference prints (measured),
/// except where a variant says otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Complaint {
    UnbalancedQuotes,
    UnknownDirective,
    WrongArguments,
    NotYesNo,
    NotOneOf(&'static [&'static str]),
    NotInteger,
    NotMemory,
    NotOctal,
    OutOfRange(i64, i64),
    OctalOutOfRange(u32, u32),
    TooManyAddresses,
    /// The text is what the operating system said.
    BadDirectory(String),
    /// The text is what the operating system said.
    LogFile(String),
    OutputLimitWords,
    OutputLimitClass,
    OutputLimitNumber,
    ScoreAdjust,
    TitleTemplate,
    ModuleWithoutValue,
    DuplicateUser(String),
    UserRule {
        user: String,
        problem: String,
    },
    UserNameBlanks,
    /// The text is what the table of commands says.
    Rename(&'static str),
    UsersAndAclFile,
    /// Own text: the reference overflows its stack instead.
    IncludesTooDeep,
    /// Own text: the reference takes any bytes.
    NotUtf8,
    Unrecognized,
    NoSuchMaster,
    Quorum,
    Port,
    /// With the host text.
    Host(String),
    DuplicateMaster,
    NotPositiveTime,
    NegativeTime,
    NotificationScript,
    ReconfigScript,
    DuplicateRunId,
    DuplicateRename,
    MalformedId,
    DenyScriptsYesNo,
    ResolveYesNo,
    AnnounceYesNo,
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Complaint::UnbalancedQuotes => "Unbalanced quotes in configuration line",
            Complaint::UnknownDirective => "Bad directive or wrong number of arguments",
            Complaint::WrongArguments => "wrong number of arguments",
            Complaint::NotYesNo => "argument must be 'yes' or 'no'",
            Complaint::NotOneOf(words) => {
                let words = words.join(", ");
                return write!(f, "argument(s) must be one of the following: {words}");
            }
            Complaint::NotInteger => "argument couldn't be parsed into an integer",
            Complaint::NotMemory => "argument must be a memory value",
            Complaint::NotOctal => "argument couldn't be parsed as an octal number",
            Complaint::OutOfRange(lo, hi) => {
                return write!(f, "argument must be between {lo} and {hi} inclusive");
            }
            Complaint::OctalOutOfRange(lo, hi) => {
                return write!(f, "argument must be between {lo:o} and {hi:o} inclusive");
            }
            Complaint::TooManyAddresses => "Too many bind addresses specified.",
            Complaint::BadDirectory(reason) => reason,
            Complaint::LogFile(reason) => return write!(f, "Can't open the log file: {reason}"),
            Complaint::OutputLimitWords => {
                "Wrong number of arguments in buffer limit configuration."
            }
            Complaint::OutputLimitClass => {
                "Invalid client class specified in buffer limit configuration."
            }
            Complaint::OutputLimitNumber => {
                "Error in hard, soft or soft_seconds setting in buffer limit configuration."
            }
            Complaint::ScoreAdjust => {
                "Invalid oom-score-adj-values, elements must be between -2000 and 2000."
            }
            Complaint::TitleTemplate => "template format is invalid or contains unknown variables",
            Complaint::ModuleWithoutValue => "Module config specified without value",
            Complaint::DuplicateUser(user) => {
                return write!(
                    f,
                    "Error in user declaration '{user}': Duplicate user found. A user can only be defined once in config files"
                );
            }
            Complaint::UserRule { user, problem } => {
                return write!(f, "Error in user declaration '{user}': {problem}");
            }
            Complaint::Rename(problem) => problem,
            Complaint::UserNameBlanks => "Spaces not allowed in ACL usernames",
            Complaint::UsersAndAclFile => {
                "Configuring Redis with users defined in redis.conf and at the same setting an ACL file path is invalid. This setup is very likely to lead to configuration errors and security holes, please define either an ACL file or declare users directly in your redis.conf, but not both."
            }
            Complaint::IncludesTooDeep => "include files are nested too deeply",
            Complaint::NotUtf8 => "argument must be valid UTF-8 text",
            Complaint::Unrecognized => "Unrecognized sentinel configuration statement.",
            Complaint::NoSuchMaster => "No such master with specified name.",
            Complaint::Quorum => "Quorum must be 1 or greater.",
            Complaint::Port => "Invalid port number.",
            Complaint::Host(_) => "Can't resolve instance hostname.",
            Complaint::DuplicateMaster => "Duplicate master name.",
            Complaint::NotPositiveTime => "negative or zero time parameter.",
            Complaint::NegativeTime => "negative time parameter.",
            Complaint::NotificationScript => {
                "Notification script seems non existing or non executable."
            }
            Complaint::ReconfigScript => {
                "Client reconfiguration script seems non existing or non executable."
            }
            Complaint::DuplicateRunId => "Duplicate runid for sentinel.",
            Complaint::DuplicateRename => {
                "Same command renamed multiple times with rename-command."
            }
            Complaint::MalformedId => "Malformed Sentinel id in myid option.",
            Complaint::DenyScriptsYesNo => {
                "Please specify yes or no for the deny-scripts-reconfig options."
            }
            Complaint::ResolveYesNo => "Please specify yes or no for the resolve-hostnames option.",
            Complaint::AnnounceYesNo => {
                "Please specify yes or no for the announce-hostnames option."
            }
        })
    }
}
