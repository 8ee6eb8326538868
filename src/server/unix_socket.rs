//! The unix socket: opening it over a stale file, letting clients in, removing it at the end.

use std::fs::{self, Permissions};
use std::io;
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixListener as StdListener;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use nix::errno::Errno;
use socket2::{Domain, SockAddr, Socket, Type};
use tokio::net::{UnixListener, UnixStream};

use crate::core::notice::Level;

use super::admission::has_place;
use super::client;
use super::conf_files::os_text;
use super::listener::{ACCEPT_REST, TOO_MANY, refuse};
use super::serve::Shared;

/// A listening unix socket and the path under which clients see it.
#[derive(Debug)]
pub struct UnixSocket {
    pub(super) listener: StdListener,
    pub(super) path: String,
}

/// The file of a listening unix socket.
#[derive(Debug)]
pub struct SocketFile {
    path: PathBuf,
    /// Device and inode: another instance may put its own file there.
    identity: (u64, u64),
}

/// Opens the unix socket. A socket file that nobody listens on any more is removed first; `mode` 0
/// leaves what the umask makes of it. `Err` is the line for the log with which the start ends.
pub fn bind(path: &str, mode: u32, backlog: u32) -> Result<(UnixSocket, SocketFile), String> {
    let failed = |step: &str, error: &io::Error| {
        format!("Failed opening Unix socket: {step}: {}", os_text(error))
    };
    remove_stale(Path::new(path)).map_err(|error| failed("bind", &error))?;
    let socket =
        Socket::new(Domain::UNIX, Type::STREAM, None).map_err(|error| failed("socket", &error))?;
    let address = SockAddr::unix(path).map_err(|error| failed("bind", &error))?;
    let bind = || {
        socket.set_nonblocking(true)?;
        socket.bind(&address)
    };
    bind().map_err(|error| failed("bind", &error))?;
    let identity = identity(Path::new(path)).map_err(|error| failed("bind", &error))?;
    let file = SocketFile {
        path: path.into(),
        identity,
    };
    // Nobody can connect before it listens, so never with another mode.
    if mode != 0 {
        fs::set_permissions(path, Permissions::from_mode(mode))
            .map_err(|error| failed("chmod", &error))?;
    }
    socket
        .listen(i32::try_from(backlog).unwrap_or(i32::MAX))
        .map_err(|error| failed("listen", &error))?;
    let listener = socket.into();
    let path = path.to_owned();
    Ok((UnixSocket { listener, path }, file))
}

/// Removes the socket file of a process that is gone. What is no socket is left alone, and so is
/// the socket of a process that listens: binding then fails.
fn remove_stale(path: &Path) -> io::Result<()> {
    let is_socket = match fs::symlink_metadata(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        found => found?.file_type().is_socket(),
    };
    let in_use = || io::Error::from(Errno::EADDRINUSE);
    if !is_socket {
        return Err(in_use());
    }
    // Without waiting: whoever has the socket may not accept.
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => fs::remove_file(path),
        _ => Err(in_use()),
    }
}

fn identity(path: &Path) -> io::Result<(u64, u64)> {
    let found = fs::symlink_metadata(path)?;
    Ok((found.dev(), found.ino()))
}

impl SocketFile {
    /// Removes the file, unless another process has put its own there meanwhile.
    pub fn remove(self) {
        if identity(&self.path).is_ok_and(|now| now == self.identity) {
            // Best effort: the next start removes what is left.
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Lets connections in until the runtime ends.
pub(super) async fn accept_all(shared: Rc<Shared>, listener: UnixListener, path: String) {
    loop {
        match listener.accept().await {
            Ok((stream, _)) => admit(&shared, stream, &path),
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

/// Clients of the unix socket are local, so protected mode lets them in.
fn admit(shared: &Rc<Shared>, stream: UnixStream, path: &str) {
    shared.log(Level::Verbose, format!("Accepted connection to {path}"));
    shared.counters.connections.add(1);
    let fd = i64::from(stream.as_raw_fd());
    if !has_place(shared, None, fd) {
        return refuse(shared, stream.into_std(), TOO_MANY);
    }
    let address = format!("{path}:0");
    let client = shared.clients.enrol(address.clone(), address, fd, shared);
    tokio::task::spawn_local(client::serve(Rc::clone(shared), client, stream));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().permissions().mode() & 0o777
    }

    #[test]
    fn a_stale_socket_is_replaced_and_a_live_one_or_another_file_is_not() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let text = path.to_str().unwrap();
        drop(StdListener::bind(&path).unwrap());
        let (live, file) = bind(text, 0o750, 511).unwrap();
        assert_eq!(mode(&path), 0o750);
        let in_use = "Failed opening Unix socket: bind: Address already in use";
        assert_eq!(bind(text, 0, 511).unwrap_err(), in_use);
        drop(live);
        file.remove();
        assert!(!path.exists());

        fs::write(&path, "precious").unwrap();
        assert_eq!(bind(text, 0, 511).unwrap_err(), in_use);
        assert_eq!(fs::read_to_string(&path).unwrap(), "precious");
    }

    #[test]
    fn the_file_of_another_process_is_left_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("s.sock");
        let (live, file) = bind(path.to_str().unwrap(), 0, 511).unwrap();
        drop(live);
        // The inode is still in use under another name, so that it is not given again.
        fs::rename(&path, dir.path().join("old")).unwrap();
        let _other = StdListener::bind(&path).unwrap();
        file.remove();
        assert!(path.exists());
    }

    #[test]
    fn a_directory_that_is_missing_ends_the_start() {
        assert_eq!(
            bind("/nonexistent/s.sock", 0, 511).unwrap_err(),
            "Failed opening Unix socket: bind: No such file or directory"
        );
    }
}
