//! redis-cli at a terminal.

use std::io::{Read, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use super::{both, normal};
use crate::harness::{Cluster, SHORT, until};

/// A redis-cli whose terminal is ours. `script` (of bsdutils, which every Debian has) makes the
/// terminal.
struct Terminal {
    script: Child,
    keys: ChildStdin,
    shown: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
    /// How much was shown when keys were last typed.
    seen: usize,
}

impl Terminal {
    fn open(port: u16, options: &str, directory: &Path) -> Terminal {
        // A width of its own, else redis-cli asks the terminal for it.
        let command = format!("stty cols 200 rows 50; exec redis-cli -p {port} {options}");
        let mut script = Command::new("script")
            .args(["--quiet", "--return", "--command", &command, "/dev/null"])
            .current_dir(directory)
            .env("HOME", directory)
            .env("TERM", "xterm")
            .env_remove("REDISCLI_AUTH")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("script of bsdutils");
        let keys = script.stdin.take().expect("piped");
        let mut screen = script.stdout.take().expect("piped");
        let shown = Arc::new(Mutex::new(Vec::new()));
        let list = shown.clone();
        let reader = thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(count @ 1..) = screen.read(&mut bytes) {
                let mut list = list.lock().unwrap_or_else(PoisonError::into_inner);
                list.extend_from_slice(&bytes[..count]);
            }
        });
        Terminal {
            script,
            keys,
            shown,
            reader: Some(reader),
            seen: 0,
        }
    }

    fn shown(&self) -> String {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        String::from_utf8_lossy(&shown).into_owned()
    }

    /// Waits for a fresh prompt, then types.
    fn type_keys(&mut self, cluster: &Cluster, keys: &str) {
        let what = format!("a prompt for {keys:?}");
        until(cluster.directory(), &what, SHORT, || {
            // A line that is being typed is drawn anew for each key, behind a CR.
            let shown = self.shown();
            let last = shown.rsplit('\n').next().unwrap_or_default();
            let is_fresh = last.ends_with("> ") && !last.contains('\r');
            (is_fresh && shown.len() > self.seen).then_some(())
        });
        self.seen = self.shown().len();
        self.keys
            .write_all(keys.as_bytes())
            .expect("redis-cli runs");
    }

    /// Waits for the end; all that was shown.
    fn ends(mut self, cluster: &Cluster) -> String {
        let status = until(cluster.directory(), "redis-cli ends", SHORT, || {
            self.script.try_wait().expect("an own child")
        });
        assert!(status.success(), "{status}: {}", self.shown());
        if let Some(reader) = self.reader.take() {
            reader.join().expect("no panic");
        }
        self.shown()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.script.kill();
        let _ = self.script.wait();
    }
}

/// What is typed. A tab completes a name from COMMAND DOCS; on the way redis-cli shows hints that it
/// makes of the same.
const KEYS: [&str; 17] = [
    "sentinel masters\r",
    "sentinel replicas mymaster\r",
    "sentinel get-master-addr-by-name mymaster\r",
    "sentinel ckq\t mymaster\r",
    "SENTINEL GET-M\t nosuch\r",
    "client getn\t\r",
    "ping \"a b\"\r",
    "nosuch a b\r",
    "sentinel\r",
    "sentinel set mymaster quorum x\r",
    "3 ping\r",
    "\r",
    "monitor\r",
    "select 1\r",
    "hello 3\r",
    "role\r",
    "exit\r",
];

#[test]
fn a_session_at_a_terminal_looks_the_same() {
    let cluster = both();
    for options in ["", "-3"] {
        let [reference, ours] = [0, 1].map(|one| {
            let port = cluster.sentinels[one].port();
            let mut terminal = Terminal::open(port, options, cluster.directory());
            for keys in KEYS {
                terminal.type_keys(&cluster, keys);
            }
            normal(&terminal.ends(&cluster))
        });
        for completed in [
            "SENTINEL CKQUORUM",
            "SENTINEL GET-MASTER-ADDR",
            "CLIENT GETNAME",
        ] {
            assert!(reference.contains(completed), "{reference}");
        }
        for (ours, reference) in ours.lines().zip(reference.lines()) {
            assert_eq!(ours, reference);
        }
        assert_eq!(ours, reference);
    }
}
