//! Clients of a unix socket.

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};

use nix::sys::signal::Signal;

use super::place::{PATIENCE, Place, started, wait_for};

const ONLY: &str =
    "port 0\nunixsocket s.sock\nunixsocketperm 750\nprotected-mode yes\npidfile s.pid";

/// What is answered to this, up to this ending.
fn ask(place: &Place, request: &str, ending: &str) -> String {
    let connect = || UnixStream::connect(place.path("s.sock")).ok();
    let mut stream = wait_for("the unix socket", connect);
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut byte = [0];
    while !answer.ends_with(ending.as_bytes()) {
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    String::from_utf8(answer).unwrap()
}

#[test]
fn a_unix_socket_alone_serves_over_a_stale_file_and_goes_at_the_end() {
    let place = Place::new(ONLY);
    drop(UnixListener::bind(place.path("s.sock")).unwrap());
    let mut running = started(&place, &[]);
    let mode = place
        .path("s.sock")
        .metadata()
        .unwrap()
        .permissions()
        .mode();
    assert_eq!(mode & 0o777, 0o750);

    let list = ask(&place, "CLIENT LIST\r\n", "\n\r\n");
    assert!(list.contains(" addr=s.sock:0 laddr=s.sock:0 "), "{list}");
    assert!(list.contains(" flags=U "), "{list}");
    let info = ask(&place, "INFO server\r\n", "name=unix,bind=s.sock\r\n");
    assert!(
        info.contains("\r\nlistener0:name=unix,bind=s.sock\r\n"),
        "{info}"
    );
    assert!(!place.read("out").contains("has no effect"));

    running.signal(Signal::SIGTERM);
    assert_eq!(running.wait().code(), Some(0));
    assert!(!place.path("s.sock").exists());
    let out = place.read("out");
    let (_, end) = out.split_once(" * Removing the pid file.\n").unwrap();
    assert!(end.contains(" * Removing the unix socket file.\n"), "{out}");
    assert!(
        end.ends_with(" # Sentinel is now ready to exit, bye bye...\n"),
        "{out}"
    );
}

#[test]
fn a_second_instance_on_the_same_socket_is_refused_and_takes_nothing_away() {
    let place = Place::new(ONLY);
    let _running = started(&place, &[]);
    let pid = place.read("s.pid");
    let mut second = place.command(&[]);
    let status = second
        .stdout(std::fs::File::create(place.path("out2")).unwrap())
        .status()
        .unwrap();
    assert_eq!(status.code(), Some(1));
    let line = "# Failed opening Unix socket: bind: Address already in use\n";
    assert!(place.read("out2").ends_with(line), "{}", place.read("out2"));
    assert_eq!(ask(&place, "PING\r\n", "\r\n"), "+PONG\r\n");
    assert_eq!(place.read("s.pid"), pid);
}

#[test]
fn without_any_listener_the_start_ends() {
    let place = Place::new("port 0");
    assert_eq!(place.command(&[]).status().unwrap().code(), Some(1));
    let line = "# Configured to not listen anywhere, exiting.\n";
    assert!(place.read("out").ends_with(line), "{}", place.read("out"));
}
