//! Clients that come by TLS.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, UdpSocket};
use std::path::Path;
use std::process::{Command, Stdio};

use openssl::dh::Dh;
use openssl::ssl::{SslOptions, SslVersion};
use tempfile::TempDir;

use crate::authority::{Authority, Issued, Wish, wish};
use crate::harness::{Daemon, SHORT, Sentinel, free_port, until};
use crate::secure_client::{Manner, connect};

/// A sentinel with both ports, watching nothing.
struct Scene {
    sentinel: Sentinel,
    tls_port: u16,
    authority: Authority,
    directory: TempDir,
}

fn scene(lines: &[&str]) -> Scene {
    scene_with(wish("own"), lines)
}

/// The same with a certificate as wished for.
fn scene_with(own: Wish<'_>, lines: &[&str]) -> Scene {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(own);
    let tls_port = free_port();
    let more = [own.shown(), authority.trusted()].concat().join("\n");
    let sentinel = Sentinel::start_with(Daemon::Rsentinel, directory.path(), |port| {
        format!(
            "port {port}\ntls-port {tls_port}\nbind 127.0.0.1\nloglevel verbose\n{more}\n{}\n",
            lines.join("\n")
        )
    });
    Scene {
        sentinel,
        tls_port,
        authority,
        directory,
    }
}

impl Scene {
    fn manner(&self) -> Manner {
        Manner::trusting(&self.authority.file)
    }

    fn logs(&self, text: &str) {
        until(
            self.directory.path(),
            &format!("the log says {text:?}"),
            SHORT,
            || {
                let lines = self.sentinel.log().lines();
                lines
                    .iter()
                    .any(|line| line.whole.contains(text))
                    .then_some(())
            },
        );
    }

    /// Whether such a client is served. Where its certificate is refused, TLS 1.3 lets it find
    /// that out only when it reads.
    fn serves(&self, manner: Manner) -> bool {
        let client = manner.connect(self.tls_port);
        client.is_ok_and(|mut client| client.ask("PING").is_ok_and(|line| line == "+PONG"))
    }
}

fn redis_cli(port: u16, authority: &Path, own: Option<&Issued>, words: &[&str]) -> String {
    let mut command = Command::new("redis-cli");
    command
        .args(["-p", &port.to_string(), "--tls", "--cacert"])
        .arg(authority);
    if let Some(own) = own {
        command
            .arg("--cert")
            .arg(&own.cert)
            .arg("--key")
            .arg(&own.key);
    }
    let output = command.args(words).output().unwrap();
    let mut text = String::from_utf8_lossy(&output.stdout).into_owned();
    text += &String::from_utf8_lossy(&output.stderr);
    text.trim().to_owned()
}

#[test]
fn redis_cli_is_served_by_tls_and_sees_both_listeners() {
    let scene = scene(&[]);
    let client = scene.authority.issue(wish("client"));
    let cli =
        |words: &[&str]| redis_cli(scene.tls_port, &scene.authority.file, Some(&client), words);
    assert_eq!(cli(&["PING"]), "PONG");
    let info = cli(&["INFO", "server"]);
    let (tcp, tls) = (scene.sentinel.port(), scene.tls_port);
    for line in [
        format!("tcp_port:{tcp}"),
        format!("listener0:name=tcp,bind=127.0.0.1,port={tcp}"),
        format!("listener1:name=tls,bind=127.0.0.1,port={tls}"),
    ] {
        assert!(info.contains(&line), "{line} in {info}");
    }
    let list = cli(&["CLIENT", "LIST"]);
    assert!(list.contains(&format!("laddr=127.0.0.1:{tls}")), "{list}");
}

#[test]
fn with_port_0_there_is_only_tls() {
    let directory = TempDir::new().unwrap();
    let authority = Authority::new(directory.path(), "ca");
    let own = authority.issue(wish("own"));
    let (port, log) = (free_port(), directory.path().join("own.log"));
    let text = format!(
        "port 0\ntls-port {port}\nbind 127.0.0.1\ntls-auth-clients no\n{}\n",
        own.shown().join("\n")
    );
    let file = directory.path().join("sentinel.conf");
    std::fs::write(&file, text).unwrap();
    let _process = crate::harness::Process::start(
        Daemon::Rsentinel.program(),
        &[file.display().to_string()],
        directory.path(),
        &log,
    );
    until(directory.path(), "it answers", SHORT, || {
        (redis_cli(port, &authority.file, None, &["PING"]) == "PONG").then_some(())
    });
    let info = redis_cli(port, &authority.file, None, &["INFO", "server"]);
    assert!(info.contains(&format!("tcp_port:{port}\r\n")), "{info}");
    assert!(info.contains("listener0:name=tls"), "{info}");
    assert!(!info.contains("name=tcp"), "{info}");
    let log = std::fs::read_to_string(&log).unwrap();
    let running = format!("Running mode=sentinel, port={port}.");
    assert!(log.contains(&running), "{log}");
}

#[test]
fn who_has_to_show_a_certificate_is_what_auth_clients_says() {
    let elsewhere = TempDir::new().unwrap();
    let strangers = Authority::new(elsewhere.path(), "strangers");
    let stranger = strangers.issue(wish("stranger"));
    for (auth, nobody, unknown) in [
        ("yes", false, false),
        ("optional", true, false),
        ("no", true, true),
    ] {
        let scene = scene(&[&format!("tls-auth-clients {auth}")]);
        let known = scene.authority.issue(wish("client"));
        let late = scene.authority.issue(Wish {
            days: (-30, -1),
            ..wish("late")
        });
        assert!(
            scene.serves(scene.manner().showing(&known)),
            "{auth}: known"
        );
        assert_eq!(scene.serves(scene.manner()), nobody, "{auth}: nobody");
        let served = scene.serves(scene.manner().showing(&stranger));
        assert_eq!(served, unknown, "{auth}: stranger");
        let served = scene.serves(scene.manner().showing(&late));
        assert_eq!(served, unknown, "{auth}: expired");
        if !nobody {
            scene.logs("Error accepting a client connection: peer did not return a certificate");
        }
        if !unknown {
            scene.logs("certificate verify failed: certificate has expired (addr=127.0.0.1:");
            scene.logs("certificate verify failed: unable to get local issuer certificate (addr=");
        }
    }
}

#[test]
fn a_client_that_does_not_trust_us_is_told_of_in_the_log() {
    let elsewhere = TempDir::new().unwrap();
    let strangers = Authority::new(elsewhere.path(), "strangers");
    let scene = scene(&["tls-auth-clients no"]);
    assert!(!scene.serves(Manner::trusting(&strangers.file)));
    scene.logs("Error accepting a client connection: tlsv1 alert unknown ca (addr=127.0.0.1:");
}

#[test]
fn a_client_without_tls_is_closed_and_told_of_in_the_log() {
    let scene = scene(&[]);
    let mut plain = connect(scene.tls_port);
    plain.write_all(b"*1\r\n$4\r\nPING\r\n").unwrap();
    let mut answer = Vec::new();
    // Closed, perhaps after an alert, which is no RESP; never answered.
    let _ = plain.read_to_end(&mut answer);
    assert!(!answer.starts_with(b"+"), "{answer:?}");
    scene.logs("(the other end does not speak TLS?) (addr=127.0.0.1:");
}

#[test]
fn only_the_versions_and_ciphers_that_are_named_are_spoken() {
    let scene = scene(&[
        "tls-protocols TLSv1.2",
        "tls-ciphers ECDHE-ECDSA-AES256-GCM-SHA384",
        "tls-auth-clients no",
    ]);
    let mut client = scene.manner().connect(scene.tls_port).unwrap();
    assert_eq!(client.ask("PING").unwrap(), "+PONG");
    let ssl = client.0.ssl();
    assert_eq!(ssl.version2(), Some(SslVersion::TLS1_2));
    let cipher = ssl.current_cipher().unwrap().name();
    assert_eq!(cipher, "ECDHE-ECDSA-AES256-GCM-SHA384");
    let newer = scene
        .manner()
        .with(|c| _ = c.set_options(SslOptions::NO_TLSV1_2));
    assert!(!scene.serves(newer));
}

#[test]
fn an_old_version_is_spoken_where_the_security_level_lets_it() {
    let scene = scene(&[
        "tls-protocols \"TLSv1.1 TLSv1.2\"",
        "tls-ciphers DEFAULT@SECLEVEL=0",
        "tls-auth-clients no",
    ]);
    let manner = scene.manner().with(|c| {
        c.set_cipher_list("DEFAULT@SECLEVEL=0").unwrap();
        c.set_min_proto_version(Some(SslVersion::TLS1)).unwrap();
        c.set_max_proto_version(Some(SslVersion::TLS1_1)).unwrap();
    });
    let mut client = manner.connect(scene.tls_port).unwrap();
    assert_eq!(client.ask("PING").unwrap(), "+PONG");
    assert_eq!(client.0.ssl().version2(), Some(SslVersion::TLS1_1));
}

#[test]
fn our_order_of_ciphers_counts_when_it_is_preferred() {
    for (preferred, expected) in [
        ("yes", "ECDHE-ECDSA-AES256-GCM-SHA384"),
        ("no", "ECDHE-ECDSA-AES128-GCM-SHA256"),
    ] {
        let scene = scene(&[
            "tls-protocols TLSv1.2",
            "tls-ciphers ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-AES128-GCM-SHA256",
            "tls-auth-clients no",
            &format!("tls-prefer-server-ciphers {preferred}"),
        ]);
        let list = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384";
        let manner = scene.manner().with(|c| c.set_cipher_list(list).unwrap());
        let client = manner.connect(scene.tls_port).unwrap();
        assert_eq!(client.0.ssl().current_cipher().unwrap().name(), expected);
    }
}

#[test]
fn a_session_is_resumed_unless_caching_is_off() {
    for (caching, resumed) in [("yes", true), ("no", false)] {
        let scene = scene(&[
            "tls-auth-clients no",
            &format!("tls-session-caching {caching}"),
        ]);
        for version in ["-tls1_2", "-tls1_3"] {
            let session = scene.directory.path().join(format!("session{version}"));
            let first = s_client(scene.tls_port, version, "-sess_out", &session);
            assert!(first.contains("New, TLSv1."), "{first}");
            // Without a ticket, TLS 1.3 has nothing to write.
            let again = session.exists()
                && s_client(scene.tls_port, version, "-sess_in", &session).contains("Reused, ");
            assert_eq!(again, resumed, "caching {caching}, {version}");
        }
    }
}

#[test]
fn a_session_is_not_resumed_when_its_time_is_over() {
    let scene = scene(&["tls-auth-clients no", "tls-session-cache-timeout 2"]);
    let session = scene.directory.path().join("session");
    s_client(scene.tls_port, "-tls1_3", "-sess_out", &session);
    until(scene.directory.path(), "it is forgotten", SHORT, || {
        let said = s_client(scene.tls_port, "-tls1_3", "-sess_in", &session);
        said.contains("New, TLSv1.3").then_some(())
    });
}

#[test]
fn diffie_hellman_parameters_fit_unless_a_file_names_others() {
    let files = TempDir::new().unwrap();
    let file = files.path().join("dh.pem");
    let named = Dh::get_2048_256().unwrap().params_to_pem().unwrap();
    fs::write(&file, named).unwrap();
    let line = format!("tls-dh-params-file {}", file.display());
    for (line, bits) in [("# none", 3072), (line.as_str(), 2048)] {
        let own = Wish {
            rsa: true,
            ..wish("own")
        };
        let cipher = "DHE-RSA-AES128-GCM-SHA256";
        let scene = scene_with(
            own,
            &[
                "tls-auth-clients no",
                "tls-protocols TLSv1.2",
                &format!("tls-ciphers {cipher}"),
                line,
            ],
        );
        let client = scene.manner().connect(scene.tls_port).unwrap();
        let ssl = client.0.ssl();
        assert_eq!(ssl.current_cipher().unwrap().name(), cipher);
        assert_eq!(ssl.peer_tmp_key().unwrap().bits(), bits);
    }
}

#[test]
fn a_handshake_that_is_not_finished_is_given_up() {
    let scene = scene(&[]);
    let mut slow = connect(scene.tls_port);
    slow.write_all(&[22, 3, 1]).unwrap();
    // Closed without an answer, long before anybody else needs its place.
    let mut answer = Vec::new();
    slow.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"");
    scene.logs("Error accepting a client connection: the TLS handshake took too long (addr=");
}

/// What `openssl s_client` says until it has heard a reply.
fn s_client(port: u16, version: &str, way: &str, session: &Path) -> String {
    let mut child = Command::new("openssl")
        .args(["s_client", version, "-connect"])
        .arg(format!("127.0.0.1:{port}"))
        .arg(way)
        .arg(session)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"PING\n").unwrap();
    let mut said = String::new();
    for line in BufReader::new(child.stdout.take().unwrap()).lines() {
        said += &line.unwrap();
        said.push('\n');
        if said.contains("+PONG") {
            break;
        }
    }
    drop(input);
    child.wait().unwrap();
    said
}

#[test]
fn handshakes_that_are_never_finished_hold_up_nobody() {
    // A quarter of the clients may be shaking hands: 100.
    let scene = scene(&["tls-auth-clients no", "maxclients 400"]);
    let slow: Vec<_> = (0..250)
        .map(|n| {
            let mut stream = connect(scene.tls_port);
            if n % 2 == 0 {
                // The begin of a handshake.
                stream.write_all(&[22, 3, 1]).unwrap();
            }
            stream
        })
        .collect();
    assert!(scene.serves(scene.manner()));
    assert!(scene.sentinel.ask(&["PING"]).is_some());
    scene.logs("others wait, and the TLS handshake has taken too long");
    drop(slow);
    until(scene.directory.path(), "all are gone", SHORT, || {
        let info = scene.sentinel.ask(&["INFO", "clients"])?.text();
        info.contains("connected_clients:1\r\n").then_some(())
    });
}

#[test]
fn a_client_from_elsewhere_is_refused_by_tls_too_while_nobody_needs_a_password() {
    // Loopback is never elsewhere, so this needs another address of this machine.
    let Some(elsewhere) = own_address() else {
        eprintln!("no address but loopback: nothing to test");
        return;
    };
    let scene = scene(&["tls-auth-clients no", "bind *", "protected-mode yes"]);
    assert!(scene.serves(scene.manner()));
    let from_there = scene
        .manner()
        .connect_to((elsewhere, scene.tls_port).into())
        .unwrap()
        .line()
        .unwrap();
    assert!(from_there.starts_with("-DENIED "), "{from_there}");
}

/// An address of this machine that others could reach.
fn own_address() -> Option<IpAddr> {
    let socket = UdpSocket::bind("0.0.0.0:0").ok()?;
    // Sends nothing: it only chooses a way. A documentation address.
    socket.connect("192.0.2.1:9").ok()?;
    let address = socket.local_addr().ok()?.ip();
    (!address.is_loopback()).then_some(address)
}
