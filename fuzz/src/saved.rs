//! What is written to the configuration file is what the next start reads.

use rsentinel::acl::Users;
use rsentinel::commands::{fault_of_line, settle_users, user_lines};
use rsentinel::config::state_file::{self, Configured};
use rsentinel::config::{
    Conf, ConfigError, IncludeReader, RewriteFacts, SentinelConf, ServerConf, UserLine, parse,
    rewrite,
};
use rsentinel::types::{Address, Secret};

/// A file system with few surprises: included files are empty, scripts end in `.sh`.
pub struct Files;

impl IncludeReader for Files {
    fn read(&mut self, _path: &str) -> Result<Vec<u8>, String> {
        Ok(Vec::new())
    }

    fn glob(&mut self, _pattern: &str) -> Vec<String> {
        Vec::new()
    }

    fn change_dir(&mut self, _dir: &str) -> Result<(), String> {
        Ok(())
    }

    fn check_log_file(&mut self, _path: &str) -> Result<(), String> {
        Ok(())
    }

    fn fault_of_user(&mut self, line: &UserLine) -> Option<String> {
        fault_of_line(line)
    }

    fn is_executable(&mut self, path: &str) -> bool {
        path.ends_with(".sh")
    }
}

pub fn read(text: &[u8]) -> Result<Conf, ConfigError> {
    parse(text, &mut Files)
}

/// What a start makes of a text, if it does not refuse it.
pub fn start(text: &[u8]) -> Option<(Conf, Users)> {
    let mut conf = read(text).ok()?;
    let acl_file = |_: &str| Ok(b"user default on nopass ~* &* +@all\n".to_vec());
    let (users, _) = settle_users(&mut conf.server, acl_file).ok()?;
    Some((conf, users))
}

pub fn write(old: &[u8], server: &ServerConf, state: &SentinelConf) -> Vec<u8> {
    rewrite(old, server, state, &facts())
}

fn facts() -> RewriteFacts {
    RewriteFacts {
        current_dir: "/tmp".to_owned(),
    }
}

/// A state, written into a new file, is read as the same state.
pub fn reads_back(state: &SentinelConf) {
    let text = write(b"", &ServerConf::default(), state);
    let read = read(&text);
    let read = read.unwrap_or_else(|error| panic!("{error}\nin\n{}", shown(&text)));
    assert_eq!(
        as_written(&read.sentinel),
        as_written(state),
        "in\n{}",
        shown(&text)
    );
}

/// A state, written into a state file beside a configuration that stays as it is, is what the next
/// start finds in the two. The configuration has to be one that a start has settled.
pub fn reads_back_beside(conf: &Conf, state: &SentinelConf) {
    let configured = Configured::of(&conf.server, &conf.sentinel);
    let text = state_file::write(&conf.server, state, &configured, &facts());
    let stored = match state_file::read(&text) {
        Ok(Some(stored)) => stored,
        other => panic!("{other:?}\nin\n{}", shown(&text)),
    };
    assert_eq!(stored.lines, configured, "in\n{}", shown(&text));
    let merged = state_file::merge(conf.clone(), stored);
    assert_eq!(merged.server, conf.server, "in\n{}", shown(&text));
    let (found, expected) = (as_kept(&merged.sentinel), as_kept(state));
    assert_eq!(found, expected, "in\n{}", shown(&text));
}

/// Users, written into a new file, are read as the same users.
pub fn users_read_back(users: &Users) {
    let mut server = ServerConf::default();
    server.users = user_lines(users, None);
    let text = write(b"", &server, &SentinelConf::default());
    let (_, read) = start(&text).unwrap_or_else(|| panic!("refused:\n{}", shown(&text)));
    are_same(&read, users);
}

/// These are the same users.
pub fn are_same(some: &Users, others: &Users) {
    let lines =
        |users: &Users| -> Vec<String> { users.iter().map(|user| shown(&user.line())).collect() };
    let (left, right) = (lines(some), lines(others));
    assert!(some.iter().eq(others.iter()), "{left:?}\n{right:?}");
}

/// The same for a state file, in which names stay names. The order of masters does not matter.
fn as_kept(state: &SentinelConf) -> SentinelConf {
    let mut kept = state.clone();
    // What SENTINEL CONFIG SET says of it goes into the generic line.
    kept.loglevel = None;
    if kept.resolve_hostnames {
        kept.announce_hostnames = true;
    }
    kept = as_written(&kept);
    kept.announce_hostnames = state.announce_hostnames;
    kept.masters.sort_by(|one, other| one.name.cmp(&other.name));
    kept
}

/// The state without what a file does not tell: peers whose id is not known, empty passwords and users, the
/// IP of a name, names without one that must not be read, and which of several ways an IP was written in.
pub fn as_written(state: &SentinelConf) -> SentinelConf {
    let mut state = state.clone();
    let names = state.announce_hostnames && state.resolve_hostnames;
    let resolves = state.resolve_hostnames;
    let reads_back = |address: &Address| resolves || address.ip().is_some();
    let written = |address: &mut Address| {
        let host = match address.ip() {
            Some(ip) if !address.is_name() => ip.to_string(),
            _ => address.announced(names),
        };
        *address = Address::new(&host, address.port());
    };
    for master in &mut state.masters {
        written(&mut master.address);
        master.known_replicas.retain(reads_back);
        master.known_replicas.iter_mut().for_each(written);
        master
            .known_peers
            .retain(|peer| !peer.id.as_str().is_empty() && reads_back(&peer.address));
        for peer in &mut master.known_peers {
            written(&mut peer.address);
        }
        let empty = |pass: &Secret| pass.reveal().is_empty();
        master.auth_pass = master.auth_pass.take().filter(|pass| !empty(pass));
        master.auth_user = master.auth_user.take().filter(|user| !user.is_empty());
    }
    state
}

pub fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
