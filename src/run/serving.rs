//! Starting the serving side: listeners, settings for commands, the figures of INFO.

use std::cell::RefCell;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use crate::acl::Users;
use crate::commands::{REDIS_VERSION, ServerFacts, Settings, acl_log_length};
use crate::config::{Conf, ServerConf, Supervised};
use crate::core::notice::{Level, Notice};
use crate::process::fatal::FatalStart;
use crate::process::limits::first_reserved_descriptor;
use crate::process::logging::{self, LogControl};
use crate::process::supervise::Supervision;
use crate::server::access::{AccessParts, UserLines};
use crate::server::conf_files;
use crate::server::door::Door;
use crate::server::listener;
use crate::server::serve::{self, ClientLimits, Server};
use crate::types::RunId;

use super::failed;

/// Opens the listeners, or says why the start ends here.
pub(super) fn bind(conf: &ServerConf) -> Result<Vec<TcpListener>, FatalStart> {
    if conf.port == 0 || conf.bind.is_empty() {
        return Err(FatalStart::Logged(
            "Configured to not listen anywhere, exiting.".into(),
        ));
    }
    let warn = |line: String| logging::line(Level::Warning, &line);
    listener::bind(&conf.bind, conf.port, conf.tcp_backlog, warn).map_err(FatalStart::Logged)
}

/// What joins the serving side to the rest.
pub(super) struct Joints {
    /// The way to the monitor.
    pub door: Door,
    /// Events to publish.
    pub published: mpsc::Receiver<Notice>,
    /// Fires when a client says SHUTDOWN.
    pub shutdown: oneshot::Sender<()>,
    /// Who may do what.
    pub users: Users,
    /// Where changed users go.
    pub user_lines: UserLines,
}

/// Starts the serving thread. `maxclients` is what the process can open.
pub(super) fn start(
    conf: &Conf,
    maxclients: u64,
    listeners: Vec<TcpListener>,
    joints: Joints,
    facts: ServerFacts,
    log: &LogControl,
) -> Result<Server, FatalStart> {
    let level_of = log.clone();
    let limits = ClientLimits::from(&conf.server);
    let parts = serve::Parts {
        listeners,
        door: joints.door,
        notices: joints.published,
        settings: Settings {
            users: RefCell::new(joints.users),
            acl_file: conf.server.aclfile.clone(),
            redis_version: REDIS_VERSION.to_owned(),
            allow_scripts_reconfig: conf.sentinel.allow_scripts_reconfig,
            is_executable: Arc::new(conf_files::is_executable),
            log_level: Arc::new(move || level_of.level().as_str()),
        },
        access: AccessParts {
            log_length: acl_log_length(&conf.server),
            user_lines: joints.user_lines,
            requirepass: conf.server.requirepass.clone(),
        },
        limits: ClientLimits {
            maxclients: limits
                .maxclients
                .min(usize::try_from(maxclients).unwrap_or(usize::MAX)),
            first_reserved_fd: first_reserved_descriptor(),
            ..limits
        },
        facts,
        shutdown: joints.shutdown,
        log: Box::new(logging::emit),
    };
    Server::start(parts).map_err(|e| failed("Can't start the serving thread", &e))
}

/// The figures of INFO that do not change.
pub(super) fn facts(conf: &ServerConf, file: &Path, supervision: &Supervision) -> ServerFacts {
    let binds: String = conf
        .bind
        .iter()
        .map(|a| format!(",bind={}", a.host))
        .collect();
    ServerFacts {
        redis_version: REDIS_VERSION.to_owned(),
        process_id: std::process::id(),
        process_supervised: match supervision.effective() {
            Supervised::Systemd => "systemd",
            Supervised::Upstart => "upstart",
            Supervised::No | Supervised::Auto => "no",
        },
        run_id: RunId::random(&rand::random()).to_string(),
        tcp_port: conf.port,
        executable: std::env::current_exe()
            .unwrap_or_default()
            .display()
            .to_string(),
        config_file: file.display().to_string(),
        os: operating_system(),
        listeners: vec![format!("name=tcp{binds},port={}", conf.port)],
        maxclients: u64::from(conf.maxclients),
        ..ServerFacts::default()
    }
}

fn operating_system() -> String {
    let unknown = |_| "unknown".to_owned();
    let read = |what: &str| {
        std::fs::read_to_string(format!("/proc/sys/kernel/{what}"))
            .map_or_else(unknown, |t| t.trim().to_owned())
    };
    format!(
        "{} {} {}",
        read("ostype"),
        read("osrelease"),
        std::env::consts::ARCH
    )
}
