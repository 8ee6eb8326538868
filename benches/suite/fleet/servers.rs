//! The process of a fleet: starts stand-ins, obeys a line at a time.

use std::io::{BufRead, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use standin::{Neighbours, Options, Server};

use super::address;

/// The hidden first argument that makes this program a fleet.
pub const FLAG: &str = "--fleet";

/// A master and its replicas.
struct Group {
    master: Server,
    replicas: Vec<Server>,
}

impl Group {
    fn servers(&self) -> impl Iterator<Item = &Server> {
        std::iter::once(&self.master).chain(&self.replicas)
    }
}

/// Lives until its standard input ends.
pub fn run(arguments: impl Iterator<Item = String>) -> Result<(), String> {
    let numbers: Vec<usize> = arguments.filter_map(|word| word.parse().ok()).collect();
    let [first, end, replicas, network] = numbers[..] else {
        return Err("four numbers are needed".to_owned());
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| error.to_string())?;
    runtime.block_on(async {
        let mut groups = match start(first..end, replicas, network as u8).await {
            Ok(groups) => groups,
            Err(error) => {
                say(&format!("no server: {error}"));
                return;
            }
        };
        let (sender, mut orders) = tokio::sync::mpsc::unbounded_channel();
        std::thread::spawn(move || {
            for line in std::io::stdin().lock().lines().map_while(Result::ok) {
                let _ = sender.send(line);
            }
        });
        say("ready");
        while let Some(order) = orders.recv().await {
            let answer = obey(&mut groups, first, &order).await;
            say(&answer);
        }
    });
    Ok(())
}

async fn start(
    groups: std::ops::Range<usize>,
    replicas: usize,
    network: u8,
) -> std::io::Result<Vec<Group>> {
    let neighbours = Neighbours::default();
    let options = |group, member| Options {
        neighbours: Some(neighbours.clone()),
        ..Options::new(address(network, group, member))
    };
    let mut fleet = Vec::new();
    for group in groups {
        let master = Server::start(options(group, 0)).await?;
        let mut servers = Vec::new();
        for member in 1..=replicas {
            let options = options(group, member).replica_of(master.address());
            servers.push(Server::start(options).await?);
        }
        fleet.push(Group {
            master,
            replicas: servers,
        });
    }
    Ok(fleet)
}

async fn obey(groups: &mut [Group], first: usize, order: &str) -> String {
    let words: Vec<&str> = order.split(' ').collect();
    let number = |place: usize| words.get(place).and_then(|word| word.parse::<usize>().ok());
    match (words[0], number(1), number(2)) {
        ("kill", Some(start), Some(end)) => {
            let began = unix_micros();
            let groups = groups[start - first..end - first].iter_mut();
            let mut masters: Vec<&mut Server> = groups.map(|group| &mut group.master).collect();
            Server::kill_all(&mut masters).await;
            // The tasks of their connections end when they are next looked at.
            tokio::task::yield_now().await;
            format!("{began} {}", unix_micros())
        }
        ("links", Some(sentinels), _) => {
            let servers = groups.iter().flat_map(Group::servers);
            let used = servers.filter(|server| server.links_in_use() >= sentinels);
            used.count().to_string()
        }
        ("watch", ..) => {
            groups.iter().for_each(|group| group.master.watch_pings());
            "watching".to_owned()
        }
        ("gaps", ..) => {
            let gaps = groups.iter().flat_map(|group| group.master.ping_gaps());
            let words: Vec<String> = gaps.map(|gap| gap.as_micros().to_string()).collect();
            words.join(" ")
        }
        _ => format!("no such order: {order}"),
    }
}

fn unix_micros() -> u128 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap_or_default().as_micros()
}

fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}").and_then(|()| out.flush());
}
