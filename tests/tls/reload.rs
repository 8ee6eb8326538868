//! Certificates and keys that are replaced while a sentinel runs.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::process::Command;

use tempfile::TempDir;

use crate::authority::{Authority, Issued, wish};
use crate::harness::{Cluster, Daemon, Plan, SHORT, Sentinel, ServerOptions, free_port, until};
use crate::secure_client::Manner;

struct Scene {
    directory: TempDir,
    sentinel: Sentinel,
    tls_port: u16,
}

/// A sentinel with these files.
fn scene(directory: TempDir, own: &Issued, trusted: &Path) -> Scene {
    let tls_port = free_port();
    let files = own.shown().join("\n");
    let sentinel = Sentinel::start_with(Daemon::Rsentinel, directory.path(), |port| {
        format!(
            "port {port}\ntls-port {tls_port}\nbind 127.0.0.1\n{files}\ntls-ca-cert-file {}\n",
            trusted.display()
        )
    });
    Scene {
        directory,
        sentinel,
        tls_port,
    }
}

impl Scene {
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        until(self.directory.path(), what, SHORT, || holds().then_some(()));
    }

    fn logs(&self, text: &str) {
        self.until(&format!("the log says {text:?}"), || {
            let lines = self.sentinel.log().lines();
            lines.iter().any(|line| line.whole.contains(text))
        });
    }

    /// The number of the certificate that a new client is shown.
    fn serial(&self, manner: Manner) -> Option<String> {
        let mut client = manner.connect(self.tls_port).ok()?;
        client.ask("PING").ok()?;
        let certificate = client.0.ssl().peer_certificate()?;
        let number = certificate.serial_number().to_bn().ok()?;
        Some(number.to_hex_str().ok()?.to_string())
    }
}

#[test]
fn a_new_certificate_is_used_for_new_connections_and_old_ones_go_on() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(wish("own"));
    let client = authority.issue(wish("client"));
    let scene = scene(directory, &own, &authority.file);
    let manner = || Manner::trusting(&authority.file).showing(&client);
    let first = scene.serial(manner()).expect("served");
    let mut old = manner().connect(scene.tls_port).expect("served");
    assert_eq!(old.ask("PING").unwrap(), "+PONG");

    authority.issue(wish("own"));
    scene.until("new connections are shown the new one", || {
        scene.serial(manner()).is_some_and(|serial| serial != first)
    });
    assert_eq!(old.ask("PING").unwrap(), "+PONG");
    scene.logs("The files of TLS have changed and are in use for new connections");
}

#[test]
fn a_broken_file_keeps_what_was_read_before_and_says_why() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(wish("own"));
    let client = authority.issue(wish("client"));
    let scene = scene(directory, &own, &authority.file);
    let manner = || Manner::trusting(&authority.file).showing(&client);
    let first = scene.serial(manner()).expect("served");

    fs::write(&own.cert, "not a certificate").unwrap();
    let begin =
        "The files of TLS have changed and cannot be used; what was read before stays in use. ";
    scene.logs(&format!(
        "{begin}Failed to load certificate: {}: error:",
        own.cert.display()
    ));
    assert_eq!(scene.serial(manner()), Some(first.clone()));

    // Another one's key does not fit either.
    authority.issue(wish("own"));
    fs::copy(&client.key, &own.key).unwrap();
    scene.logs(&format!(
        "{begin}Failed to load private key: {}: error:",
        own.key.display()
    ));
    assert_eq!(scene.serial(manner()), Some(first.clone()));

    authority.issue(wish("own"));
    scene.until("a whole pair is used again", || {
        scene.serial(manner()).is_some_and(|serial| serial != first)
    });
}

#[test]
fn authorities_are_read_again_from_behind_links_as_volumes_replace_them() {
    let directory = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let next = Authority::new(elsewhere.path(), "next");
    let own = authority.issue(wish("own"));
    let client = next.issue(wish("client"));
    let trusted = directory.path().join("trusted");
    symlink(&authority.file, &trusted).unwrap();
    let scene = scene(directory, &own, &trusted);
    let served = || {
        let manner = Manner::trusting(&authority.file).showing(&client);
        scene.serial(manner).is_some()
    };
    assert!(!served());
    fs::remove_file(&trusted).unwrap();
    symlink(&next.file, &trusted).unwrap();
    scene.until("the new authority is trusted", served);
}

#[test]
fn a_folder_of_authorities_is_trusted_as_it_is_at_present() {
    let directory = TempDir::new().unwrap();
    let folder = TempDir::new().unwrap();
    let first = Authority::new(folder.path(), "first");
    let second = Authority::new(directory.path(), "second");
    rehash(folder.path());
    let own = first.issue(wish("own"));
    let [of_first, of_second] = [&first, &second].map(|one| one.issue(wish("client")));
    let tls_port = free_port();
    let files = own.shown().join("\n");
    let sentinel = Sentinel::start_with(Daemon::Rsentinel, directory.path(), |port| {
        format!(
            "port {port}\ntls-port {tls_port}\nbind 127.0.0.1\n{files}\ntls-ca-cert-dir {}\n",
            folder.path().display()
        )
    });
    let scene = Scene {
        directory,
        sentinel,
        tls_port,
    };
    let served = |client: &Issued| {
        let manner = Manner::trusting(&first.file).showing(client);
        scene.serial(manner).is_some()
    };
    assert!(served(&of_first) && !served(&of_second));

    fs::copy(&second.file, folder.path().join("second.crt")).unwrap();
    rehash(folder.path());
    scene.until("the second is trusted too", || served(&of_second));

    fs::rename(&first.file, scene.directory.path().join("first.crt")).unwrap();
    rehash(folder.path());
    let moved = scene.directory.path().join("first.crt");
    scene.until("the first is not trusted any more", || {
        let manner = Manner::trusting(&moved).showing(&of_first);
        scene.serial(manner).is_none()
    });
}

/// Gives the certificates in a folder the names by which OpenSSL finds them.
fn rehash(folder: &Path) {
    let done = Command::new("openssl").arg("rehash").arg(folder).status();
    assert!(done.unwrap().success());
}

#[test]
fn new_connections_to_servers_use_the_new_files_too() {
    let directory = TempDir::new().unwrap();
    let elsewhere = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let strangers = Authority::new(elsewhere.path(), "strangers");
    let own = authority.issue(wish("own")).shown();
    let trusted = directory.path().join("trusted");
    fs::copy(&strangers.file, &trusted).unwrap();

    let mut plan = Plan::of(&[Daemon::Rsentinel]);
    plan.quorum = 1;
    plan.replicas.clear();
    plan.master = ServerOptions {
        tls: true,
        lines: [own.clone(), authority.trusted()].concat(),
        ..ServerOptions::default()
    };
    plan.lines = own;
    plan.lines.extend([
        format!("tls-ca-cert-file {}", trusted.display()),
        "tls-replication yes".to_owned(),
    ]);
    let cluster = Cluster::start_undiscovered(&plan);
    let log = cluster.sentinels[0].log();
    cluster.until("the server is not trusted", SHORT, || {
        let lines = log.lines();
        lines
            .iter()
            .any(|line| line.whole.contains("verify failed"))
    });
    fs::copy(&authority.file, &trusted).unwrap();
    cluster.wait_discovered(SHORT);
}
