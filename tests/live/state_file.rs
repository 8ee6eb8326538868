//! With a state file sentinel.conf is never written, and a restart continues from the state.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use crate::harness::{
    Daemon, LONG, MASTER, RedisServer, SHORT, Sentinel, ServerOptions, Settings, until,
};

const STRANGER: &str = "feedfacefeedfacefeedfacefeedfacefeedface";
const OTHER_STRANGER: &str = "0123456789012345678901234567890123456789";

struct Scene {
    _directory: tempfile::TempDir,
    master: RedisServer,
    replica: RedisServer,
    sentinel: Sentinel,
}

fn settings(master: u16) -> Settings {
    Settings {
        master,
        quorum: 1,
        down_after: 1000,
        failover_timeout: 10_000,
        parallel_syncs: 1,
        auth_pass: None,
        login: None,
        lines: Vec::new(),
    }
}

impl Scene {
    fn start() -> Scene {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path();
        let master = RedisServer::start(path, &ServerOptions::default());
        let options = ServerOptions {
            master: Some(master.port()),
            ..ServerOptions::default()
        };
        let replica = RedisServer::start(path, &options);
        fs::write(path.join("rsentinel.toml"), "state-file = 'state.conf'\n").unwrap();
        let sentinel = Sentinel::start(Daemon::Rsentinel, path, &settings(master.port()));
        Scene {
            master,
            replica,
            sentinel,
            _directory: directory,
        }
    }

    fn path(&self) -> &Path {
        self._directory.path()
    }

    fn knows_its_replica(&self) {
        until(self.path(), "the replica is known", LONG, || {
            let known = self.sentinel.fields_of("REPLICAS", "port");
            (known == [self.replica.port().to_string()]).then_some(())
        });
    }

    fn state(&self) -> String {
        fs::read_to_string(self.path().join("state.conf")).unwrap()
    }
}

#[test]
fn the_configuration_file_is_never_written_and_a_restart_continues_from_the_state() {
    let mut scene = Scene::start();
    let before = fs::read(scene.sentinel.file()).unwrap();
    scene.knows_its_replica();
    let ask = |sentinel: &Sentinel, words: &[&str]| sentinel.ask(words).unwrap().text();
    assert_eq!(
        ask(
            &scene.sentinel,
            &["SENTINEL", "SET", MASTER, "parallel-syncs", "7"]
        ),
        "OK"
    );
    assert_eq!(
        ask(
            &scene.sentinel,
            &["SENTINEL", "MONITOR", "more", "127.0.0.1", "1", "3"]
        ),
        "OK"
    );
    assert_eq!(
        ask(&scene.sentinel, &["SENTINEL", "FAILOVER", MASTER]),
        "OK"
    );
    until(scene.path(), "the replica is the master", LONG, || {
        let port = scene.sentinel.master_port()?;
        (port == scene.replica.port()).then_some(())
    });
    let new_master = scene.replica.port();
    let given = scene.sentinel.vote(new_master, 50, OTHER_STRANGER);
    assert_eq!(given, Some((OTHER_STRANGER.to_owned(), 50)));
    let id = scene.sentinel.id();
    let config_epoch = scene.sentinel.number("config-epoch");

    scene.sentinel.restart();
    assert_eq!(scene.sentinel.id(), id);
    assert_eq!(scene.sentinel.master_port(), Some(new_master));
    assert_eq!(scene.sentinel.number("config-epoch"), config_epoch);
    assert_eq!(scene.sentinel.number("parallel-syncs"), Some(7));
    assert!(ask(&scene.sentinel, &["INFO", "sentinel"]).contains("name=more"));
    let old_master = scene.master.port().to_string();
    assert!(
        scene
            .sentinel
            .fields_of("REPLICAS", "port")
            .contains(&old_master)
    );
    let (leader, _) = scene.sentinel.vote(new_master, 50, STRANGER).unwrap();
    assert_ne!(leader, STRANGER, "a second vote in epoch 50");

    assert_eq!(fs::read(scene.sentinel.file()).unwrap(), before);
    let state = scene.path().join("state.conf");
    assert_eq!(
        fs::metadata(&state).unwrap().permissions().mode() & 0o777,
        0o600
    );

    // What was taken out at run time stays out; what an operator changes counts.
    assert_eq!(ask(&scene.sentinel, &["SENTINEL", "REMOVE", "more"]), "OK");
    let edited = String::from_utf8(before).unwrap().replace(
        &format!("down-after-milliseconds {MASTER} 1000"),
        &format!("down-after-milliseconds {MASTER} 3000"),
    );
    fs::write(scene.sentinel.file(), edited).unwrap();
    scene.sentinel.restart();
    assert_eq!(scene.sentinel.number("down-after-milliseconds"), Some(3000));
    assert_eq!(scene.sentinel.number("parallel-syncs"), Some(7));
    assert_eq!(scene.sentinel.master_port(), Some(new_master));
    assert!(!ask(&scene.sentinel, &["INFO", "sentinel"]).contains("name=more"));
}

#[test]
fn a_rewritten_configuration_file_is_imported_once_and_the_state_file_can_replace_it() {
    let mut scene = Scene::start();
    scene.knows_its_replica();
    // A life without a state file writes the configuration file, as redis-sentinel does.
    fs::remove_file(scene.path().join("rsentinel.toml")).unwrap();
    fs::remove_file(scene.path().join("state.conf")).unwrap();
    scene.sentinel.restart();
    let id = scene.sentinel.id();
    let epoch = scene.sentinel.vote(scene.master.port(), 9, OTHER_STRANGER);
    assert_eq!(epoch, Some((OTHER_STRANGER.to_owned(), 9)));
    scene.knows_its_replica();

    fs::write(
        scene.path().join("rsentinel.toml"),
        "state-file = 'state.conf'\n",
    )
    .unwrap();
    scene.sentinel.restart();
    assert_eq!(scene.sentinel.id(), id);
    let (leader, _) = scene
        .sentinel
        .vote(scene.master.port(), 9, STRANGER)
        .unwrap();
    assert_ne!(leader, STRANGER, "a second vote in epoch 9");
    let replica = format!(
        "sentinel known-replica {MASTER} 127.0.0.1 {}",
        scene.replica.port()
    );
    assert!(scene.state().contains(&replica), "{}", scene.state());

    // And back: redis-sentinel starts on the state file in the place of sentinel.conf.
    fs::copy(scene.path().join("state.conf"), scene.sentinel.file()).unwrap();
    scene.sentinel.restart_as(Daemon::Reference);
    assert_eq!(scene.sentinel.id(), id);
    until(scene.path(), "the same replica is known", SHORT, || {
        let known = scene.sentinel.fields_of("REPLICAS", "port");
        (known == [scene.replica.port().to_string()]).then_some(())
    });
}
