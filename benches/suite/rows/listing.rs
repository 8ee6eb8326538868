//! SENTINEL MASTERS with many masters: what dashboards and exporters ask.

use std::net::Ipv4Addr;
use std::time::Duration;

use socket2::{Domain, Socket, Type};

use crate::finding::{Finding, Goal};
use crate::harness::{Daemon, LONG, until};
use crate::load::{Load, Served};
use crate::options::Options;
use crate::quantiles::Quantile;
use crate::serving::{directory, sentinel};
use crate::turns;

use super::Row;

pub const ROW: Row = Row {
    key: "listing",
    about: "SENTINEL MASTERS, asked by 50 clients of a daemon with 200 masters",
    run,
};

const CLIENTS: usize = 50;
const MASTERS: usize = 200;

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    let duration = options.pick(Duration::from_millis(500), Duration::from_secs(2));
    let turns = turns::take(options.pick(1, 5), |daemon| play(daemon, duration))?;
    let rate = Finding::of_rounds(
        "SENTINEL MASTERS with 200 masters",
        "requests/s",
        turns.map(|served| served.per_second),
        vec![Goal::RatioAtLeast(Quantile::Median, 2.0)],
    );
    let cost = Finding::of_rounds(
        "SENTINEL MASTERS with 200 masters: processor time of a request",
        "µs",
        turns.map(|served| served.cpu_us),
        vec![Goal::RatioAtMost(Quantile::Median, 0.5)],
    );
    Ok(vec![rate.more_is_better(), cost])
}

fn play(daemon: Daemon, duration: Duration) -> Result<Served, String> {
    let dead = DeadPort::take()?;
    let directory = directory();
    let lines: Vec<String> = (0..MASTERS)
        .flat_map(|index| {
            [
                format!(
                    "sentinel monitor group-{index:03} 127.0.1.{index} {} 2",
                    dead.port
                ),
                format!("sentinel down-after-milliseconds group-{index:03} 500"),
            ]
        })
        .collect();
    let mut sentinel = sentinel(daemon, directory.path(), &lines);
    until(
        directory.path(),
        "all masters are called down",
        LONG,
        || {
            let listing = sentinel.ask(&["SENTINEL", "MASTERS"])?;
            let down = listing.items().iter().filter(|master| {
                let flags = master.field("flags").unwrap_or_default();
                flags.contains("s_down")
            });
            (down.count() == MASTERS).then_some(())
        },
    );
    let load = Load {
        words: &["SENTINEL", "MASTERS"],
        connections: CLIENTS,
        pipeline: 1,
    };
    load.run(sentinel.process().id(), sentinel.port(), duration)
}

/// A port on which every connect is refused, as long as this lives.
struct DeadPort {
    port: u16,
    _bound: Socket,
}

impl DeadPort {
    /// Bound, so that nobody else gets it, but not listening.
    fn take() -> Result<DeadPort, String> {
        let bind = || {
            let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
            socket.bind(&std::net::SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)).into())?;
            let address = socket.local_addr()?.as_socket();
            std::io::Result::Ok((socket, address))
        };
        match bind() {
            Ok((_bound, Some(address))) => Ok(DeadPort {
                port: address.port(),
                _bound,
            }),
            Ok((_, None)) => Err("a socket without an address".to_owned()),
            Err(error) => Err(format!("no port: {error}")),
        }
    }
}
