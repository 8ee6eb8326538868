//! Where clients come in: binding the addresses of `bind`, and letting connections in or not.

use std::io::{self, Write};
use std::net::{self, SocketAddr, ToSocketAddrs};
use std::os::fd::AsRawFd;
use std::rc::Rc;
use std::time::Duration;

use nix::errno::Errno;
use socket2::{Domain, Protocol, SockRef, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::config::BindAddress;
use crate::core::notice::Level;

use super::admission::has_place;
use super::client;
use super::conf_files::os_text;
use super::handshaking;
use super::serve::Shared;
use super::tls::Accepting;

/// How long accepting rests after a failure that will not pass at once (no file descriptor left).
pub(super) const ACCEPT_REST: Duration = Duration::from_millis(100);

pub(super) const TOO_MANY: &[u8] = b"-ERR max number of clients reached\r\n";

/// What a client from elsewhere is told while nobody needs a password.
pub(super) const PROTECTED: &[u8] =
    b"-DENIED Running in protected mode: no password is set for the default \
    user, so only connections from the loopback interface are accepted. To let other hosts in, \
    set a password with 'requirepass', or write 'protected-mode no' into the configuration file, \
    or start with '--protected-mode no'; then restart. Make sure that the port cannot be reached \
    from the internet if you do so without a password.\r\n";

/// Opens a listening socket on every address (`kind` is `tcp` or `tls`, for the log); `::*` and addresses with a colon are IPv6 only.
///
/// Every address that fails is told to `warn` with the line for the log. A failure is tolerated
/// when the address is optional and does not exist here, or when the system does not know the
/// protocol; the first other one gives `Err` with the last line for the log.
pub fn bind(
    addresses: &[BindAddress],
    port: u16,
    kind: &str,
    backlog: u32,
    mut warn: impl FnMut(String),
) -> Result<Vec<net::TcpListener>, String> {
    let mut listeners = Vec::with_capacity(addresses.len());
    for address in addresses {
        match open(&address.host, port, backlog) {
            Ok(listener) => listeners.push(listener),
            Err(failure) => {
                warn(format!(
                    "Warning: Could not create server TCP listening socket {}:{port}: {}",
                    address.host, failure.text
                ));
                if !failure.is_tolerated(address.optional) {
                    return Err(format!(
                        "Failed listening on port {port} ({kind}), aborting."
                    ));
                }
            }
        }
    }
    Ok(listeners)
}

/// Why a socket could not be opened.
struct BindFailure {
    errno: Option<Errno>,
    text: String,
}

impl BindFailure {
    fn new(step: &str, error: &io::Error) -> Self {
        BindFailure {
            errno: error.raw_os_error().map(Errno::from_raw),
            text: format!("{step}: {}", os_text(error)),
        }
    }

    fn is_tolerated(&self, optional: bool) -> bool {
        match self.errno {
            Some(Errno::EADDRNOTAVAIL) => optional,
            Some(
                Errno::ENOPROTOOPT
                | Errno::EPROTONOSUPPORT
                | Errno::ESOCKTNOSUPPORT
                | Errno::EPFNOSUPPORT
                | Errno::EAFNOSUPPORT,
            ) => true,
            _ => false,
        }
    }
}

fn open(host: &str, port: u16, backlog: u32) -> Result<net::TcpListener, BindFailure> {
    let address = resolve(host, port)?;
    let kind = Domain::for_address(address);
    let socket = Socket::new(kind, Type::STREAM, Some(Protocol::TCP))
        .map_err(|e| BindFailure::new("socket", &e))?;
    let prepare = || {
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.set_reuse_address(true)?;
        socket.set_nonblocking(true)
    };
    prepare().map_err(|e| BindFailure::new("setsockopt", &e))?;
    socket
        .bind(&address.into())
        .map_err(|e| BindFailure::new("bind", &e))?;
    socket
        .listen(i32::try_from(backlog).unwrap_or(i32::MAX))
        .map_err(|e| BindFailure::new("listen", &e))?;
    Ok(socket.into())
}

/// The first address of the wanted family; a name is looked up here, at start.
fn resolve(host: &str, port: u16) -> Result<SocketAddr, BindFailure> {
    let wants_v6 = host.contains(':');
    let host = match host {
        "*" => "0.0.0.0",
        "::*" => "::",
        other => other,
    };
    let unknown = |text: String| BindFailure { errno: None, text };
    let mut found = (host, port)
        .to_socket_addrs()
        .map_err(|e| unknown(resolver_text(&e)))?;
    found
        .find(|address| address.is_ipv6() == wants_v6)
        .ok_or_else(|| unknown("Address family for hostname not supported".to_owned()))
}

/// The resolver's own words.
fn resolver_text(error: &io::Error) -> String {
    let text = os_text(error);
    match text.split_once("failed to lookup address information: ") {
        Some((_, reason)) => reason.to_owned(),
        None => text,
    }
}

/// Lets connections in until the runtime ends; with `tls`, after a handshake.
pub async fn accept_all(shared: Rc<Shared>, listener: TcpListener, tls: Option<Accepting>) {
    loop {
        if tls.is_some() {
            shared.handshaking.room(&shared).await;
        }
        match listener.accept().await {
            Ok((stream, from)) => admit(&shared, stream, from, tls.as_ref()),
            Err(error) if error.kind() == io::ErrorKind::ConnectionAborted => {}
            Err(error) => {
                shared.log(
                    Level::Warning,
                    format!("Error accepting a client connection: {}", os_text(&error)),
                );
                tokio::time::sleep(ACCEPT_REST).await;
            }
        }
    }
}

fn admit(shared: &Rc<Shared>, stream: TcpStream, from: SocketAddr, tls: Option<&Accepting>) {
    shared.log(Level::Verbose, format!("Accepted {from}"));
    shared.counters.connections.add(1);
    let fd = i64::from(stream.as_raw_fd());
    if !has_place(shared, Some(from.ip()), fd) {
        // Whoever expects a handshake could not read the line.
        let line = if tls.is_some() { &[] } else { TOO_MANY };
        return refuse(shared, stream.into_std(), line);
    }
    if let Some(tls) = tls {
        prepare(&stream, shared.limits.tcp_keepalive_s);
        return handshaking::begin(shared, tls.clone(), stream, from);
    }
    if must_be_refused_unprotected(shared, from) {
        return refuse(shared, stream.into_std(), PROTECTED);
    }
    let Ok(at) = stream.local_addr() else {
        return; // The other end is gone already.
    };
    prepare(&stream, shared.limits.tcp_keepalive_s);
    let client = shared
        .clients
        .enrol(from.to_string(), at.to_string(), fd, shared);
    tokio::task::spawn_local(client::serve(Rc::clone(shared), client, stream));
}

/// Whether `protected-mode` keeps clients from this address out at present.
pub(super) fn must_be_refused_unprotected(shared: &Shared, from: SocketAddr) -> bool {
    let open_to_all = shared.settings.users.borrow().need_no_password();
    shared.limits.protected_mode && open_to_all && !from.ip().is_loopback()
}

/// Best effort: a socket that cannot be tuned still serves.
fn prepare(stream: &TcpStream, keepalive_s: u64) {
    let _ = stream.set_nodelay(true);
    if keepalive_s > 0 {
        // Probes after the idle time, then every third of it, three of them: the reference's
        // proportions.
        let keepalive = TcpKeepalive::new()
            .with_time(Duration::from_secs(keepalive_s))
            .with_interval(Duration::from_secs((keepalive_s / 3).max(1)))
            .with_retries(3);
        let _ = SockRef::from(stream).set_tcp_keepalive(&keepalive);
    }
}

/// Says why, if the socket takes it at once, and closes.
pub(super) fn refuse(shared: &Shared, stream: io::Result<impl Write>, line: &[u8]) {
    shared.counters.rejected.add(1);
    if let Ok(mut stream) = stream {
        let _ = stream.write(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn address(host: &str, optional: bool) -> BindAddress {
        BindAddress {
            host: host.to_owned(),
            optional,
        }
    }

    fn try_bind(addresses: &[BindAddress], port: u16) -> (Result<usize, String>, Vec<String>) {
        let mut warnings = Vec::new();
        let outcome = bind(addresses, port, "tcp", 511, |line| warnings.push(line));
        (outcome.map(|listeners| listeners.len()), warnings)
    }

    #[test]
    fn a_port_in_use_is_fatal_and_says_so_in_the_known_words() {
        let taken = net::TcpListener::bind("127.0.0.1:0").expect("a free port");
        let port = taken.local_addr().expect("bound").port();
        let (outcome, warnings) = try_bind(&[address("127.0.0.1", true)], port);
        assert_eq!(
            outcome,
            Err(format!("Failed listening on port {port} (tcp), aborting."))
        );
        assert_eq!(
            warnings,
            [format!(
                "Warning: Could not create server TCP listening socket 127.0.0.1:{port}: bind: Address already in use"
            )]
        );
    }

    #[test]
    fn an_address_that_does_not_exist_is_tolerated_only_when_optional() {
        // A documentation address: never one of ours.
        let absent = "192.0.2.1";
        let (outcome, warnings) = try_bind(&[address(absent, true), address("*", false)], 0);
        assert_eq!(outcome, Ok(1));
        assert_eq!(
            warnings,
            [
                "Warning: Could not create server TCP listening socket 192.0.2.1:0: bind: Cannot assign requested address"
            ]
        );
        let (outcome, _) = try_bind(&[address(absent, false)], 0);
        assert_eq!(
            outcome,
            Err("Failed listening on port 0 (tcp), aborting.".to_owned())
        );
    }

    #[test]
    fn any_ipv4_and_any_ipv6_share_a_port() {
        let v4 = bind(&[address("*", false)], 0, "tcp", 511, |_| {}).expect("any port");
        let port = v4[0].local_addr().expect("bound").port();
        let (outcome, warnings) = try_bind(&[address("::*", true)], port);
        // A machine without IPv6 tolerates it with a warning.
        assert_eq!(outcome.expect("tolerated") + warnings.len(), 1);
    }

    #[test]
    fn a_name_that_does_not_resolve_is_fatal() {
        let (outcome, warnings) = try_bind(&[address("no-such-host.invalid", true)], 1);
        assert!(outcome.is_err());
        assert_eq!(warnings.len(), 1);
        assert!(!warnings[0].contains("lookup"), "{}", warnings[0]);
    }
}
