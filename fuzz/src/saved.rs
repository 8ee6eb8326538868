//! What is written to the configuration file is what the next start reads.

use rsentinel::acl::Users;
use rsentinel::commands::{fault_of_line, settle_users, user_lines};
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
    let facts = RewriteFacts {
        current_dir: "/tmp".to_owned(),
    };
    rewrite(old, server, state, &facts)
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

/// The state without what a file does not tell: peers whose id is not known, empty passwords, the
/// IP of a name, and which of several ways an IP was written in.
pub fn as_written(state: &SentinelConf) -> SentinelConf {
    let mut state = state.clone();
    let names = state.announce_hostnames && state.resolve_hostnames;
    let written = |address: &mut Address| {
        let host = match address.ip() {
            Some(ip) if !address.is_name() => ip.to_string(),
            _ => address.announced(names),
        };
        *address = Address::new(&host, address.port());
    };
    for master in &mut state.masters {
        written(&mut master.address);
        master.known_replicas.iter_mut().for_each(written);
        master
            .known_peers
            .retain(|peer| !peer.id.as_str().is_empty());
        for peer in &mut master.known_peers {
            written(&mut peer.address);
        }
        let empty = |pass: &Secret| pass.reveal().is_empty();
        master.auth_pass = master.auth_pass.take().filter(|pass| !empty(pass));
    }
    state
}

pub fn shown(text: &[u8]) -> String {
    String::from_utf8_lossy(text).into_owned()
}
