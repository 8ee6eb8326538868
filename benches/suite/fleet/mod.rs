//! Hundreds and thousands of masters with their replicas: stand-ins in processes of their own, so
//! that neither their work nor their files count as the sentinels' or the measuring program's.

mod servers;

use std::io::{BufRead, BufReader, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::Range;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

pub use servers::{FLAG, run};

/// All servers listen on this port, each on a loopback address of its own.
const PORT: u16 = 7000;
/// One process has at most this many servers: with three sentinels each has six connections and a
/// listener, and a process usually may not have more than 20,000 files.
const SERVERS_OF_PROCESS: usize = 2500;

/// Running servers; dropped, they end.
pub struct Fleet {
    parts: Vec<Part>,
    masters: usize,
    replicas: usize,
    network: u8,
}

/// One process of stand-ins.
struct Part {
    masters: Range<usize>,
    child: Child,
    orders: ChildStdin,
    answers: BufReader<ChildStdout>,
}

/// When masters were killed.
pub struct Kill {
    /// Before the first one.
    pub began: SystemTime,
    /// When all sockets were closed.
    pub ended: SystemTime,
}

impl Fleet {
    /// Starts this many masters, each with this many replicas.
    pub fn start(masters: usize, replicas: usize) -> Result<Fleet, String> {
        // Two suites at a time need different addresses.
        let network = (1 + std::process::id() % 250) as u8;
        let most = SERVERS_OF_PROCESS / (1 + replicas);
        let mut parts = Vec::new();
        let mut first = 0;
        while first < masters {
            let range = first..masters.min(first + most);
            first = range.end;
            parts.push(Part::start(range, replicas, network)?);
        }
        Ok(Fleet {
            parts,
            masters,
            replicas,
            network,
        })
    }

    pub fn masters(&self) -> usize {
        self.masters
    }

    pub fn replicas(&self) -> usize {
        self.replicas
    }

    /// Where a master listens.
    pub fn master(&self, index: usize) -> SocketAddr {
        address(self.network, index, 0)
    }

    /// Kills these masters as fast as it goes.
    pub fn kill(&mut self, masters: Range<usize>) -> Result<Kill, String> {
        let mut asked = Vec::new();
        for part in &mut self.parts {
            let (start, end) = (
                masters.start.max(part.masters.start),
                masters.end.min(part.masters.end),
            );
            if start < end {
                part.order(&format!("kill {start} {end}"))?;
                asked.push(part);
            }
        }
        let mut kill: Option<Kill> = None;
        for part in asked {
            let answer = part.answer()?;
            let mut times = answer.split(' ').filter_map(|word| {
                let micros = Duration::from_micros(word.parse().ok()?);
                Some(UNIX_EPOCH + micros)
            });
            let (Some(began), Some(ended)) = (times.next(), times.next()) else {
                return Err(format!("the fleet answered {answer:?}"));
            };
            kill = Some(match kill {
                Some(before) => Kill {
                    began: before.began.min(began),
                    ended: before.ended.max(ended),
                },
                None => Kill { began, ended },
            });
        }
        kill.ok_or_else(|| "no such masters".to_owned())
    }

    /// How many servers are in use by this many sentinels: a PING and a SUBSCRIBE from each.
    pub fn in_use_by(&mut self, sentinels: usize) -> Result<usize, String> {
        let mut sum = 0;
        for part in &mut self.parts {
            let answer = part.ask(&format!("links {sentinels}"))?;
            sum += answer.parse::<usize>().map_err(|_| answer)?;
        }
        Ok(sum)
    }

    /// All servers, replicas too.
    pub fn servers(&self) -> usize {
        self.masters * (1 + self.replicas)
    }

    /// From now on the times between PINGs at masters are kept.
    pub fn watch_pings(&mut self) -> Result<(), String> {
        for part in &mut self.parts {
            part.ask("watch")?;
        }
        Ok(())
    }

    /// Milliseconds between the PINGs of one connection to a master, of all of them.
    pub fn ping_gaps(&mut self) -> Result<Vec<f64>, String> {
        let mut gaps = Vec::new();
        for part in &mut self.parts {
            let answer = part.ask("gaps")?;
            let micros = answer
                .split(' ')
                .filter_map(|word| word.parse::<f64>().ok());
            gaps.extend(micros.map(|micros| micros / 1000.0));
        }
        Ok(gaps)
    }
}

impl Part {
    fn start(masters: Range<usize>, replicas: usize, network: u8) -> Result<Part, String> {
        let program = std::env::current_exe().map_err(|error| error.to_string())?;
        let mut child = Command::new(program)
            .arg(FLAG)
            .args([masters.start, masters.end, replicas, network.into()].map(|n| n.to_string()))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|error| format!("the fleet does not start: {error}"))?;
        let (Some(orders), Some(answers)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("the fleet has no pipes".to_owned());
        };
        let mut part = Part {
            masters,
            child,
            orders,
            answers: BufReader::new(answers),
        };
        match part.answer()?.as_str() {
            "ready" => Ok(part),
            other => Err(format!("the fleet: {other}")),
        }
    }

    fn ask(&mut self, order: &str) -> Result<String, String> {
        self.order(order)?;
        self.answer()
    }

    fn order(&mut self, order: &str) -> Result<(), String> {
        writeln!(self.orders, "{order}").map_err(|error| format!("the fleet is gone: {error}"))
    }

    fn answer(&mut self) -> Result<String, String> {
        let mut line = String::new();
        match self.answers.read_line(&mut line) {
            Ok(count) if count > 0 => Ok(line.trim_end().to_owned()),
            _ => Err("the fleet has ended".to_owned()),
        }
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address of server `member` (0: the first master) of a group.
fn address(network: u8, group: usize, member: usize) -> SocketAddr {
    let [third, fourth] = [member * 64 + group / 250, 1 + group % 250].map(|octet| octet as u8);
    let ip = Ipv4Addr::new(127, network, third, fourth);
    SocketAddr::new(IpAddr::V4(ip), PORT)
}
