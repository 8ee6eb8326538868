//! Everything that is read before the process becomes what it is to be. All of it happens before
//! daemonizing, so that the caller sees errors and the exit status.

use std::path::Path;

use crate::acl::Users;
use crate::cli::Run;
use crate::commands::settle_users;
use crate::config::state_file::{self, Configured};
use crate::config::{self, Conf, ServerConf};
use crate::core::notice::{Level, LogLine};
use crate::ext::Ext;
use crate::process::fatal::FatalStart;
use crate::process::logging::{self, LogControl, LogSettings};
use crate::process::{config_file, ext_file};
use crate::server::conf_files::{ConfFiles, read_acl_file};
use crate::server::store::{self, Place};
use crate::types::RunId;

/// What was read.
pub(super) struct Configuration {
    pub(super) conf: Conf,
    pub(super) users: Users,
    /// Where the state is kept.
    pub(super) place: Place,
    pub(super) ext: Ext,
    /// What is there is not what follows from all files together.
    outdated: bool,
}

/// Reads the configuration and turns the log to what it says.
pub(super) fn configure(run: &Run, log: &LogControl) -> Result<Configuration, FatalStart> {
    let file = run.file.as_deref();
    let text = config_file::read(file, run.stdin, &run.option_lines)?;
    let mut ext = ext_file::load(run.ext.as_deref(), file)?;
    if let Some(path) = &run.state_file {
        ext.state_file = Some(path.to_string_lossy().into_owned());
    }
    let conf = config::parse(&text, &mut ConfFiles).map_err(|error| {
        if let Some(host) = error.unresolved_host() {
            let line = format!("Failed to resolve hostname '{host}'");
            logging::line(Level::Warning, &line);
        }
        error.in_file(&run.sources())
    })?;
    log.configure(LogSettings::of(&conf.server, ext.log.format));
    let (mut conf, place, outdated) = match ext.state_file.as_deref() {
        None => {
            let path = config_file::check_writable(file)?;
            (conf, Place::from(path), false)
        }
        Some(path) => with_state(conf, config_file::check_given(file)?, Path::new(path))?,
    };
    // The state may know of a later SENTINEL CONFIG SET loglevel.
    log.configure(LogSettings::of(&conf.server, ext.log.format));
    for warning in &conf.warnings {
        logging::line(Level::Warning, warning);
    }
    let (users, lines) = settled_users(&mut conf.server)?;
    for line in &lines {
        logging::emit(line);
    }
    Ok(Configuration {
        conf,
        users,
        place,
        ext,
        outdated,
    })
}

/// The configuration together with the state in `path`, which is to be written if the last result
/// says so.
fn with_state(conf: Conf, file: &Path, path: &Path) -> Result<(Conf, Place, bool), FatalStart> {
    let text = config_file::read_state(path, file)?;
    let shown = path.display().to_string();
    let stored = state_file::read(&text).map_err(|refused| refusal(refused, &shown))?;
    let mut settled = conf;
    // Only lines as they are written can be compared.
    settled_users(&mut settled.server)?;
    let configured = Configured::of(&settled.server, &settled.sentinel);
    let outdated = stored
        .as_ref()
        .is_none_or(|stored| stored.lines != configured);
    let conf = match stored {
        Some(stored) => state_file::merge(settled, stored),
        None => settled,
    };
    let place = Place::StateFile {
        path: path.to_owned(),
        configured,
    };
    Ok((conf, place, outdated))
}

pub(super) fn refusal(refused: state_file::Refused, path: &str) -> FatalStart {
    match refused {
        state_file::Refused::Faulty(error) => error.in_file(path).into(),
        state_file::Refused::Foreign => FatalStart::Logged(format!(
            "{path} is not a state file of rsentinel and is left as it is: name another file, or an empty one. \
             Exiting..."
        )),
        state_file::Refused::Newer => FatalStart::Logged(format!(
            "The state file {path} was written by a later version of rsentinel. Exiting..."
        )),
    }
}

/// Who may do what, and lines for the log.
fn settled_users(conf: &mut ServerConf) -> Result<(Users, Vec<LogLine>), FatalStart> {
    settle_users(conf, read_acl_file).map_err(|refused| {
        for line in &refused.before {
            logging::line(Level::Warning, line);
        }
        FatalStart::Logged(refused.last)
    })
}

impl Configuration {
    /// What must be on disk before anybody is told of it: the id of a first start, and what an
    /// operator has changed beside a state file.
    ///
    /// # Errors
    /// A state file cannot be written. Of the configuration file that is only said, as the
    /// reference does: the process goes on.
    pub(super) fn settle_on_disk(&mut self) -> Result<(), FatalStart> {
        let sentinel = &mut self.conf.sentinel;
        if sentinel.my_id.is_some() && !self.outdated {
            return Ok(());
        }
        if sentinel.my_id.is_none() {
            sentinel.my_id = Some(RunId::random(&rand::random()));
        }
        let written = store::write_now(self.place.clone(), &self.conf.server, sentinel);
        for line in &written.log {
            logging::emit(line);
        }
        match (&self.place, written.outcome) {
            (Place::StateFile { path, .. }, Err(reason)) => Err(FatalStart::Logged(format!(
                "The state file {} cannot be written: {reason}. Exiting...",
                path.display()
            ))),
            _ => Ok(()),
        }
    }
}
