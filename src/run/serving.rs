//! Starting the serving side: listeners, settings for commands, the figures of INFO.

use std::cell::RefCell;
use std::net::TcpListener;
use std::path::Path;
use std::sync::Arc;

use socket2::SockRef;
use tokio::sync::{mpsc, oneshot};

use crate::acl::Users;
use crate::commands::{REDIS_VERSION, Renames, ServerFacts, Settings, acl_log_length};
use crate::config::{Conf, ServerConf, Supervised, Value};
use crate::core::notice::{Level, Notice};
use crate::process::errno::errno_text;
use crate::process::fatal::FatalStart;
use crate::process::limits::{first_reserved_descriptor, open_files};
use crate::process::logging::{self, LogControl};
use crate::process::supervise::Supervision;
use crate::server::access::{AccessParts, UserLines};
use crate::server::admission::PeerHosts;
use crate::server::conf_files;
use crate::server::door::Door;
use crate::server::listener;
use crate::server::serve::{self, ClientLimits, Server};
use crate::server::tls::Accepting;
use crate::server::unix_socket::{self, SocketFile, UnixSocket};
use crate::types::RunId;

use super::failed;

/// Where clients come in.
pub(super) struct Entrances {
    tcp: Vec<TcpListener>,
    tls: Vec<TcpListener>,
    unix: Option<UnixSocket>,
}

/// Opens the listeners, or says why the start ends here. The file of the unix socket is to be
/// removed at the end.
pub(super) fn bind(conf: &ServerConf) -> Result<(Entrances, Option<SocketFile>), FatalStart> {
    let warn = |line: String| logging::line(Level::Warning, &line);
    let bind = |port, kind| match port {
        0 => Ok(Vec::new()),
        port => listener::bind(&conf.bind, port, kind, conf.tcp_backlog, warn)
            .map_err(FatalStart::Logged),
    };
    let tcp = bind(conf.port, "tcp")?;
    let tls = bind(conf.tls_port(), "tls")?;
    for listener in tcp.iter().chain(&tls) {
        mark(listener, conf);
    }
    let open = |path: &String| unix_socket::bind(path, conf.unixsocketperm, conf.tcp_backlog);
    let unix = conf.unixsocket.as_ref().map(open).transpose();
    let (unix, file) = unix.map_err(FatalStart::Logged)?.unzip();
    if tcp.is_empty() && tls.is_empty() && unix.is_none() {
        return Err(FatalStart::Logged(
            "Configured to not listen anywhere, exiting.".into(),
        ));
    }
    Ok((Entrances { tcp, tls, unix }, file))
}

/// `socket-mark-id`, for the rules of a firewall.
fn mark(listener: &TcpListener, conf: &ServerConf) {
    let Some(Value::Int(id)) = conf.kept("socket-mark-id") else {
        return;
    };
    let id = u32::try_from(*id).unwrap_or_default();
    if id != 0
        && let Err(error) = SockRef::from(listener).set_mark(id)
    {
        let text = format!("Unable to set socket mark to {id}: {}", errno_text(&error));
        logging::line(Level::Warning, &text);
    }
}

/// What joins the serving side to the rest.
pub(super) struct Joints {
    /// The way to the monitor.
    pub door: Door,
    /// Handshakes of clients that speak TLS.
    pub tls: Option<Accepting>,
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
    entrances: Entrances,
    joints: Joints,
    facts: ServerFacts,
    log: &LogControl,
) -> Result<Server, FatalStart> {
    let level_of = log.clone();
    let limits = ClientLimits::from(&conf.server);
    let masters = conf.sentinel.masters.iter();
    let peers = masters.flat_map(|master| &master.known_peers);
    let parts = serve::Parts {
        listeners: entrances.tcp,
        tls_listeners: entrances.tls,
        tls: joints.tls,
        unix_socket: entrances.unix,
        peer_hosts: PeerHosts::new(peers.filter_map(|peer| peer.address.ip())),
        door: joints.door,
        notices: joints.published,
        settings: Settings {
            users: RefCell::new(joints.users),
            renames: Renames::of(&conf.server.renames),
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
            open_files: usize::try_from(open_files()).unwrap_or(usize::MAX),
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
    let by_port = [("tcp", conf.port), ("tls", conf.tls_port())];
    let by_port = by_port.into_iter().filter(|(_, port)| *port != 0);
    let by_port = by_port.map(|(kind, port)| format!("name={kind}{binds},port={port}"));
    let unix = conf.unixsocket.as_ref();
    let unix = unix.map(|path| format!("name=unix,bind={path}"));
    ServerFacts {
        redis_version: REDIS_VERSION.to_owned(),
        process_id: std::process::id(),
        process_supervised: match supervision.effective() {
            Supervised::Systemd if supervision.is_established() => "systemd",
            Supervised::Upstart if supervision.is_established() => "upstart",
            _ => "no",
        },
        run_id: RunId::random(&rand::random()).to_string(),
        tcp_port: shown_port(conf),
        executable: std::env::current_exe()
            .unwrap_or_default()
            .display()
            .to_string(),
        config_file: file.display().to_string(),
        os: operating_system(),
        listeners: by_port.chain(unix).collect(),
        maxclients: u64::from(conf.maxclients),
        ..ServerFacts::default()
    }
}

/// The plain port, or the one with TLS when that is 0.
fn shown_port(conf: &ServerConf) -> u16 {
    match conf.port {
        0 => conf.tls_port(),
        port => port,
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
