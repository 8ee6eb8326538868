//! What is legal in a configuration and dangerous all the same, for whoever checks one before it
//! is used.

use super::grammar::{self, Line};
use super::numbers;
use super::read::Conf;
use super::sentinel_conf::MasterConf;
use super::server_conf::ServerConf;
use super::sub_directives::Sub;

/// Below this many milliseconds an ordinary stall of a server, a network or a machine is taken for
/// a death.
const LEAST_DOWN_AFTER: u64 = 200;

/// A warning.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Danger {
    /// Counted from 1 in the text; `None` when it is not about one line of it.
    pub line: Option<usize>,
    /// What may happen, and what to do.
    pub text: String,
}

/// What is dangerous in `conf`, which was read from `text`. `read_by_all`: everybody on the machine
/// may read the file.
pub fn dangers(text: &[u8], conf: &Conf, read_by_all: bool) -> Vec<Danger> {
    let lines: Vec<Words> = grammar::lines(text)
        .enumerate()
        .filter_map(|(at, line)| Words::read(at + 1, line))
        .collect();
    let mut found = Vec::new();
    lax_numbers(&lines, &mut found);
    for master in &conf.sentinel.masters {
        of_master(&lines, master, &mut found);
    }
    if read_by_all {
        readable_passwords(&lines, conf, &mut found);
    }
    found.sort_by_key(|danger| danger.line.unwrap_or(usize::MAX));
    found
}

/// A line of the text.
struct Words {
    number: usize,
    directive: String,
    arguments: Vec<Vec<u8>>,
}

impl Words {
    fn read(number: usize, line: &[u8]) -> Option<Self> {
        match grammar::read_line(line) {
            Line::Words {
                directive,
                arguments,
            } => Some(Words {
                number,
                directive,
                arguments,
            }),
            _ => None,
        }
    }

    /// What follows `sentinel <sub>`, if that is what it is.
    fn of_sentinel(&self) -> Option<(Sub, &[Vec<u8>])> {
        let (first, rest) = self.arguments.split_first()?;
        let sub = Sub::from_word(first).filter(|_| self.directive == "sentinel")?;
        Some((sub, rest))
    }
}

/// The number of the line that counts for this master: the last one.
fn line_of(lines: &[Words], sub: Sub, master: &MasterConf) -> Option<usize> {
    let is_it = |words: &&Words| {
        words.of_sentinel().is_some_and(|(found, arguments)| {
            let name = arguments.first().map(Vec::as_slice);
            found == sub && name == Some(master.name.as_str().as_bytes())
        })
    };
    lines.iter().rfind(is_it).map(|words| words.number)
}

fn lax_numbers(lines: &[Words], found: &mut Vec<Danger>) {
    for words in lines {
        let Some((sub, arguments)) = words.of_sentinel() else {
            continue;
        };
        let at = match sub {
            Sub::Monitor => 3,
            Sub::DownAfter | Sub::FailoverTimeout | Sub::ParallelSyncs | Sub::RebootDownAfter => 1,
            Sub::AnnouncePort => 0,
            _ => continue,
        };
        let Some(written) = arguments.get(at) else {
            continue;
        };
        let read = numbers::lax_int(written);
        if numbers::strict_int(written) != Some(read.into()) {
            let written = String::from_utf8_lossy(written);
            found.push(Danger {
                line: Some(words.number),
                text: format!(
                    "'{written}' is read as {read}: write a plain number, without a unit"
                ),
            });
        }
    }
}

fn of_master(lines: &[Words], master: &MasterConf, found: &mut Vec<Danger>) {
    let name = &master.name;
    let mut add = |sub, text| {
        let line = line_of(lines, sub, master);
        found.push(Danger { line, text });
    };
    // A file that knows no other sentinel says nothing about how many there are.
    let sentinels = master.known_peers.len() + 1;
    if sentinels > 1 && master.quorum as usize > sentinels {
        let quorum = master.quorum;
        add(
            Sub::Monitor,
            format!(
                "the quorum of master {name} is {quorum}, but only {sentinels} sentinels are known, this one \
                 included: it can never be found objectively down"
            ),
        );
    }
    if sentinels > 1 && sentinels.is_multiple_of(2) {
        add(
            Sub::Monitor,
            format!(
                "{sentinels} sentinels are known for master {name}, an even number: when the network parts them in \
                 halves, neither can fail over. Run one more, or one less"
            ),
        );
    }
    if master.down_after < LEAST_DOWN_AFTER {
        let down_after = master.down_after;
        add(
            Sub::DownAfter,
            format!(
                "down-after-milliseconds {down_after} of master {name} is below {LEAST_DOWN_AFTER}: ordinary stalls \
                 would be taken for failures"
            ),
        );
    }
}

fn readable_passwords(lines: &[Words], conf: &Conf, found: &mut Vec<Danger>) {
    const ADVICE: &str = "everybody on this machine can read the file, and it holds a password: \
                          take that right away (chmod o-r)";
    let holding = lines.iter().find(|words| holds_password(words));
    let included = holding.is_none() && has_password(conf);
    if let Some(line) = holding.map(|words| words.number) {
        found.push(Danger {
            line: Some(line),
            text: ADVICE.to_owned(),
        });
    } else if included {
        found.push(Danger {
            line: None,
            text: "a password comes from an included file: see that not everybody can read that"
                .to_owned(),
        });
    }
}

fn holds_password(words: &Words) -> bool {
    let filled = |word: Option<&Vec<u8>>| word.is_some_and(|word| !word.is_empty());
    match words.of_sentinel() {
        Some((Sub::AuthPass, arguments)) => filled(arguments.get(1)),
        Some((Sub::SentinelPass, arguments)) => filled(arguments.first()),
        Some(_) => false,
        None if words.directive == "user" => {
            let mut rules = words.arguments.iter().skip(1);
            rules.any(|rule| rule.first() == Some(&b'>'))
        }
        None => {
            let named = ["requirepass", "masterauth", "primaryauth"];
            let names_one = named.contains(&words.directive.as_str())
                || words.directive.ends_with("-file-pass");
            names_one && filled(words.arguments.first())
        }
    }
}

fn has_password(conf: &Conf) -> bool {
    let ServerConf { requirepass, .. } = &conf.server;
    let masters = &conf.sentinel.masters;
    requirepass.is_some()
        || conf.sentinel.sentinel_pass.is_some()
        || masters.iter().any(|master| master.auth_pass.is_some())
}
