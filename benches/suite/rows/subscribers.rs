//! One event to very many subscribers.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::ops::Range;
use std::time::{Duration, Instant};

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::finding::{Finding, Goal};
use crate::harness::{Daemon, MASTER};
use crate::load::request;
use crate::options::Options;
use crate::pinging::Pinging;
use crate::quantiles::Quantile;
use crate::serving::Serving;
use crate::turns;

use super::Row;

pub const ROW: Row = Row {
    key: "subscribers",
    about: "An event to 1000 and 5000 subscribers of all events",
    run,
};

/// Events of one half of a round.
const EVENTS: u32 = 20;
/// An event that has not reached everybody by then is lost.
const PATIENCE: Duration = Duration::from_secs(10);

fn run(options: &Options) -> Result<Vec<Finding>, String> {
    open_files()?;
    let mut findings = Vec::new();
    for count in options.pick(&[1000][..], &[1000, 5000]) {
        let turns = turns::take(options.pick(1, 3), |daemon| play(daemon, *count))?;
        let samples = |half: fn(&Round) -> &Vec<Spread>, number: fn(&Spread) -> f64| {
            turns.map(|round| half(round).iter().map(number).collect::<Vec<f64>>())
        };
        let alone: fn(&Round) -> &Vec<Spread> = |round| &round.alone;
        let beside: fn(&Round) -> &Vec<Spread> = |round| &round.beside_pings;
        let first_to_last: fn(&Spread) -> f64 = |spread| spread.first_to_last;
        findings.push(Finding::of_samples(
            format!("An event to {count} subscribers: first to last"),
            "ms",
            samples(alone, first_to_last),
            vec![Goal::RatioAtMost(Quantile::Median, 1.0)],
        ));
        findings.push(Finding::of_samples(
            format!("An event to {count} subscribers: command to last"),
            "ms",
            samples(alone, |spread| spread.command_to_last),
            vec![],
        ));
        findings.push(Finding::of_samples(
            format!("An event to {count} subscribers, another client PINGs: first to last"),
            "ms",
            samples(beside, first_to_last),
            vec![],
        ));
        findings.push(Finding::of_samples(
            format!("Events to {count} subscribers: PING of another client meanwhile"),
            "ms",
            turns.map(|round| round.pings_ms.clone()),
            vec![],
        ));
    }
    Ok(findings)
}

/// As many as the system lets us; daemons inherit it.
fn open_files() -> Result<(), String> {
    let raise = || {
        let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
        setrlimit(Resource::RLIMIT_NOFILE, most, most)
    };
    raise().map_err(|error| format!("the limit of open files: {error}"))
}

/// How one event arrived, in ms.
struct Spread {
    first_to_last: f64,
    command_to_last: f64,
}

struct Round {
    /// With nobody else there.
    alone: Vec<Spread>,
    /// With a client that gets its turns meanwhile, which take their time, too.
    beside_pings: Vec<Spread>,
    pings_ms: Vec<f64>,
}

fn play(daemon: Daemon, count: usize) -> Result<Round, String> {
    let serving = Serving::start(daemon, &["maxclients 10000"]);
    let port = serving.sentinel.port();
    let mut crowd = Crowd::subscribe(port, count).map_err(text)?;
    let mut operator = connect(port).map_err(text)?;
    let mut events = |values: Range<u32>| {
        values
            .map(|value| announce(&mut operator, &mut crowd, value))
            .collect::<Result<Vec<Spread>, String>>()
    };
    // The first one grows buffers and wakes pages.
    events(199_999..200_000)?;
    let alone = events(200_000..200_000 + EVENTS)?;
    let pinging = Pinging::start(port)?;
    let beside_pings = events(300_000..300_000 + EVENTS)?;
    Ok(Round {
        alone,
        beside_pings,
        pings_ms: pinging.stop()?,
    })
}

/// One event; no other has had this value.
fn announce(operator: &mut TcpStream, crowd: &mut Crowd, value: u32) -> Result<Spread, String> {
    let value = value.to_string();
    let words = ["SENTINEL", "SET", MASTER, "failover-timeout", &value];
    let asked = Instant::now();
    operator.write_all(&request(&words)).map_err(text)?;
    let (first, last) = crowd.hear(&format!("failover-timeout {value}"))?;
    let mut answer = [0; 5];
    operator.read_exact(&mut answer).map_err(text)?;
    if &answer != b"+OK\r\n" {
        return Err("SENTINEL SET was refused".to_owned());
    }
    Ok(Spread {
        first_to_last: ms(last - first),
        command_to_last: ms(last - asked),
    })
}

/// Subscribers of everything, read by one thread.
struct Crowd {
    epoll: Epoll,
    subscribers: Vec<Subscriber>,
}

struct Subscriber {
    stream: TcpStream,
    /// What has come since the event before.
    heard: Vec<u8>,
    is_done: bool,
}

impl Crowd {
    fn subscribe(port: u16, count: usize) -> io::Result<Crowd> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut subscribers = Vec::with_capacity(count);
        for index in 0..count {
            let mut stream = connect(port)?;
            stream.write_all(&request(&["PSUBSCRIBE", "*"]))?;
            let mut confirmation = [0; "*3\r\n$10\r\npsubscribe\r\n$1\r\n*\r\n:1\r\n".len()];
            stream.read_exact(&mut confirmation)?;
            stream.set_nonblocking(true)?;
            epoll.add(&stream, EpollEvent::new(EpollFlags::EPOLLIN, index as u64))?;
            subscribers.push(Subscriber {
                stream,
                heard: Vec::new(),
                is_done: false,
            });
        }
        Ok(Crowd { epoll, subscribers })
    }

    /// Reads until everybody has heard this; when the first and the last had.
    fn hear(&mut self, what: &str) -> Result<(Instant, Instant), String> {
        for subscriber in &mut self.subscribers {
            subscriber.heard.clear();
            subscriber.is_done = false;
        }
        let patience = EpollTimeout::try_from(PATIENCE).map_err(|error| error.to_string())?;
        let mut events = [EpollEvent::empty(); 64];
        let mut first = None;
        let mut missing = self.subscribers.len();
        loop {
            let ready = self.epoll.wait(&mut events, patience);
            let ready = ready.map_err(|error| error.to_string())?;
            if ready == 0 {
                return Err(format!("{missing} subscribers have not heard {what}"));
            }
            for event in &events[..ready] {
                #[expect(clippy::cast_possible_truncation)] // An index that we gave.
                let subscriber = &mut self.subscribers[event.data() as usize];
                if !subscriber.hears(what)? {
                    continue;
                }
                let now = Instant::now();
                first.get_or_insert(now);
                missing -= 1;
                if missing == 0 {
                    return Ok((first.unwrap_or(now), now));
                }
            }
        }
    }
}

impl Subscriber {
    /// Reads what is there; true when it has just heard this.
    fn hears(&mut self, what: &str) -> Result<bool, String> {
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => return Err("the daemon closed a subscriber".to_owned()),
            Ok(count) => self.heard.extend_from_slice(&chunk[..count]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(text(error)),
        }
        let mut places = self.heard.windows(what.len());
        let heard = !self.is_done && places.any(|place| place == what.as_bytes());
        self.is_done |= heard;
        Ok(heard)
    }
}

fn connect(port: u16) -> io::Result<TcpStream> {
    let stream = TcpStream::connect(("127.0.0.1", port))?;
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    Ok(stream)
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1000.0
}

fn text(error: io::Error) -> String {
    error.to_string()
}
