//! The name server falls silent: do clients notice, and is a dead master still failed over?
//!
//! The row plays in a network of its own, in which the only name server is one of the row.

use std::io::Write;
use std::net::Ipv4Addr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

use super::Row;
use crate::failover::millis;
use crate::finding::{Finding, Goal};
use crate::harness::{
    Client, Daemon, Dns, LONG, MASTER, Mode, PrivateNetwork, RedisServer, Sentinel, ServerOptions,
    Subscriber, free_port, is_private_network, until,
};
use crate::options::Options;
use crate::quantiles::Quantile::{Max, Median};
use crate::turns;

/// The row of the table.
pub const ROW: Row = Row {
    key: "names",
    about: "masters are known by name and the name server falls silent: PING, and a failover",
    run: names,
};

const HERE: Ipv4Addr = Ipv4Addr::LOCALHOST;
/// Of the master that is killed.
const NAME: &str = "db.test";
/// Of a master that is gone all the time: it is looked for under its name over and over.
const GONE: &str = "gone.test";
const DOWN_AFTER: Duration = Duration::from_millis(500);
const SENTINELS: usize = 3;
/// Between two PINGs to one sentinel.
const PING: Duration = Duration::from_millis(50);
/// A PING that is not answered within this counts as lost.
const LOST: Duration = Duration::from_secs(1);

/// What a round saw.
struct Seen {
    /// Milliseconds of each PING that was answered; of the others, as long as was waited.
    stalls: Vec<f64>,
    /// The same before, while the name server answers: what the machine itself does to a PING.
    before: Vec<f64>,
    /// PINGs of the silence not answered within [`LOST`], in percent.
    lost: f64,
    /// Milliseconds beyond down-after until the first `+switch-master`; none within the limit.
    failover: Option<f64>,
}

/// Samples of the four findings, each of both daemons, and what to say of them.
struct Samples {
    stalls: [Vec<Vec<f64>>; 2],
    before: [Vec<Vec<f64>>; 2],
    lost: [Vec<Vec<f64>>; 2],
    failovers: [Vec<Vec<f64>>; 2],
    notes: Vec<String>,
}

fn names(options: &Options) -> Result<Vec<Finding>, String> {
    let samples = if is_private_network() {
        measure(options)?
    } else {
        measure_inside(options)?
    };
    let mut failover = Finding::of_samples(
        "kill -9 meanwhile: first +switch-master, beyond down-after",
        "ms",
        samples.failovers,
        vec![Goal::Below(Median, 100.0)],
    );
    failover.notes = samples.notes;
    Ok(vec![
        Finding::of_samples(
            "a PING each 50 ms while the name server is silent",
            "ms",
            samples.stalls,
            vec![Goal::Below(Max, 10.0)],
        ),
        Finding::of_samples(
            "a PING each 50 ms before, while it answers (what the machine does to a PING)",
            "ms",
            samples.before,
            Vec::new(),
        ),
        Finding::of_samples(
            "PINGs not answered within a second",
            "%",
            samples.lost,
            vec![Goal::AtMost(0.0)],
        ),
        failover,
    ])
}

/// Runs this row once more, in a private network, and reads its samples.
fn measure_inside(options: &Options) -> Result<Samples, String> {
    // The resolver's own defaults.
    let network = PrivateNetwork::with_resolver("timeout:5 attempts:2");
    network
        .is_permitted()
        .map_err(|reason| format!("no private network is permitted here: {reason}"))?;
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    let path = directory.path().join("names.json");
    let path_text = path.display().to_string();
    let mut words = vec!["--bench", "--only", ROW.key, "--json", &path_text];
    if options.quick {
        words.push("--quick");
    }
    let ended = network.run_again(&words);
    let text = match std::fs::read_to_string(&path) {
        Ok(text) => text,
        Err(_) => return Err(format!("nothing was measured inside: {ended:?}")),
    };
    let all: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    let row = &all["rows"][0];
    if let Some(reason) = row["not_measured"].as_str() {
        return Err(reason.to_owned());
    }
    let samples = |place: usize| -> [Vec<Vec<f64>>; 2] {
        let finding = &row["findings"][place];
        ["rsentinel", "redis_sentinel"].map(|daemon| {
            let rounds = finding[daemon].as_array().into_iter().flatten();
            let of = |round: &Value| {
                let samples = round.as_array().into_iter().flatten();
                samples.filter_map(Value::as_f64).collect()
            };
            rounds.map(of).collect()
        })
    };
    let notes = row["findings"][3]["notes"].as_array().into_iter().flatten();
    Ok(Samples {
        stalls: samples(0),
        before: samples(1),
        lost: samples(2),
        failovers: samples(3),
        notes: notes
            .filter_map(|note| Some(note.as_str()?.to_owned()))
            .collect(),
    })
}

fn measure(options: &Options) -> Result<Samples, String> {
    let dns = turns::guarded(Dns::start)?;
    let silence = options.pick(Duration::from_secs(2), Duration::from_secs(10));
    let limit = options.pick(Duration::from_secs(3), Duration::from_secs(20));
    let turns = turns::take(options.pick(1, 2), |daemon| {
        play(daemon, &dns, silence, limit)
    })?;
    let failovers = turns.map(|seen| seen.failover.into_iter().collect::<Vec<f64>>());
    let mut notes: Vec<String> = turns.failure_note().into_iter().collect();
    for (name, rounds) in [
        ("rsentinel", &failovers[0]),
        ("redis-sentinel", &failovers[1]),
    ] {
        let none = rounds.iter().filter(|round| round.is_empty()).count();
        if none > 0 {
            notes.push(format!(
                "{name}: no failover within {} s in {none} of {} rounds",
                limit.as_secs(),
                rounds.len()
            ));
        }
    }
    Ok(Samples {
        stalls: turns.map(|seen| seen.stalls.clone()),
        before: turns.map(|seen| seen.before.clone()),
        lost: turns.map(|seen| vec![seen.lost]),
        failovers,
        notes,
    })
}

fn play(daemon: Daemon, dns: &Dns, silence: Duration, limit: Duration) -> Result<Seen, String> {
    let directory = TempDir::new().map_err(|error| error.to_string())?;
    dns.be(Mode::Answers);
    dns.set(NAME, HERE);
    dns.set(GONE, HERE);
    let (mut master, _replica, sentinels) = start(daemon, directory.path());
    let subscribers: Vec<Subscriber> = sentinels
        .iter()
        .map(|sentinel| Subscriber::start(sentinel.port()))
        .collect();
    let before = ping_all(&sentinels, silence / 2)?;
    dns.be(Mode::Holds);
    let times = ping_all(&sentinels, silence)?;
    let lost = times.iter().filter(|time| **time >= LOST).count();

    master.process().kill();
    let death = Instant::now();
    let switched = || {
        let all = subscribers
            .iter()
            .flat_map(|each| each.on("+switch-master"));
        all.map(|heard| heard.at).min()
    };
    while switched().is_none() && death.elapsed() < limit {
        thread::sleep(PING / 10);
    }
    dns.be(Mode::Answers);
    #[expect(clippy::cast_precision_loss)]
    let lost = 100.0 * lost as f64 / times.len() as f64;
    Ok(Seen {
        stalls: times.into_iter().map(millis).collect(),
        before: before.into_iter().map(millis).collect(),
        lost,
        failover: switched().map(|at| millis(at - death) - millis(DOWN_AFTER)),
    })
}

/// A master under a name, its replica, and sentinels that know them and each other, and also watch
/// a name whose server is gone.
fn start(daemon: Daemon, directory: &Path) -> (RedisServer, RedisServer, Vec<Sentinel>) {
    let master = RedisServer::start(directory, &ServerOptions::default());
    let (port, gone) = (master.port(), free_port());
    let replica = ServerOptions {
        master: Some(port),
        ..ServerOptions::default()
    };
    let replica = RedisServer::start(directory, &replica);
    until(directory, "the replica is linked", LONG, || {
        replica.follows(port).then_some(())
    });
    let down_after = DOWN_AFTER.as_millis();
    let text = |own: u16| {
        format!(
            "port {own}\nbind 127.0.0.1\ndir {}\nsentinel resolve-hostnames yes\n\
             sentinel monitor {MASTER} {NAME} {port} 2\n\
             sentinel down-after-milliseconds {MASTER} {down_after}\n\
             sentinel monitor gone {GONE} {gone} 2\n",
            directory.display()
        )
    };
    let sentinels: Vec<Sentinel> = (0..SENTINELS)
        .map(|_| Sentinel::start_with(daemon, directory, text))
        .collect();
    until(directory, "all know all", LONG, || {
        let knows_all = |sentinel: &Sentinel| {
            sentinel.fields_of("REPLICAS", "flags") == ["slave"]
                && sentinel.fields_of("SENTINELS", "flags") == ["sentinel"; SENTINELS - 1]
                && sentinel.field("flags").as_deref() == Some("master")
        };
        sentinels.iter().all(knows_all).then_some(())
    });
    (master, replica, sentinels)
}

/// The times of PINGs to all of them.
fn ping_all(sentinels: &[Sentinel], during: Duration) -> Result<Vec<Duration>, String> {
    let times: Result<Vec<Vec<Duration>>, String> = thread::scope(|scope| {
        let pings: Vec<_> = sentinels
            .iter()
            .map(|sentinel| scope.spawn(|| ping(sentinel.port(), during)))
            .collect();
        let all = pings.into_iter().map(|ping| {
            let result = ping
                .join()
                .map_err(|panic| turns::panic_text(panic.as_ref()));
            result?.map_err(|error| error.to_string())
        });
        all.collect()
    });
    Ok(times?.concat())
}

/// The time of each PING, sent on time whether or not the ones before have been answered.
fn ping(port: u16, during: Duration) -> std::io::Result<Vec<Duration>> {
    let mut answers = Client::connect(port)?;
    answers.set_patience(Some(LOST))?;
    let mut questions = answers.socket()?;
    let began = Instant::now();
    let count = u32::try_from(during.as_millis() / PING.as_millis()).unwrap_or(u32::MAX);
    thread::scope(|scope| {
        let sending = scope.spawn(move || {
            let mut sent = Vec::new();
            for number in 0..count {
                let due = began + PING * number;
                thread::sleep(due.saturating_duration_since(Instant::now()));
                sent.push(Instant::now());
                questions.write_all(b"*1\r\n$4\r\nPING\r\n")?;
            }
            Ok::<Vec<Instant>, std::io::Error>(sent)
        });
        let mut answered = Vec::new();
        while answered.len() < count as usize {
            match answers.read() {
                Ok(_) => answered.push(Instant::now()),
                Err(_) if began.elapsed() < during + LOST => {}
                Err(_) => break,
            }
        }
        let sent = sending.join().expect("the sender does not panic")?;
        let end = Instant::now();
        let answered = answered
            .into_iter()
            .map(Some)
            .chain(std::iter::repeat(None));
        let times = sent.into_iter().zip(answered);
        Ok(times
            .map(|(sent, answered)| answered.unwrap_or(end).saturating_duration_since(sent))
            .collect())
    })
}
