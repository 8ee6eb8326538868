//! From what was heard to the times of the steps, and what looks wrong in it.

use std::time::Duration;

use super::millis;
use crate::harness::MASTER;

/// An event a sentinel published.
#[derive(Clone, Debug)]
pub struct Event {
    /// Since the fault.
    pub after: Duration,
    /// Which sentinel, counted from 0.
    pub sentinel: usize,
    pub name: String,
    pub text: String,
    /// With `+switch-master`: the port the sentinel gave as the master's right after it.
    pub address_then: Option<String>,
}

/// All that was heard in a round.
pub struct Story {
    /// The port of the master that was killed.
    pub old: u16,
    /// How many sentinels there are.
    pub sentinels: usize,
    pub down_after: Duration,
    /// Which server became a master by command, and when after the fault.
    pub promotions: Vec<(u16, Duration)>,
    /// When a client's first write on the new master was acknowledged.
    pub first_write: Option<Duration>,
    /// In the order of their arrival.
    pub events: Vec<Event>,
}

impl Story {
    /// The switches of one sentinel.
    pub fn switches(&self, sentinel: usize) -> impl Iterator<Item = &Event> {
        self.named("+switch-master")
            .filter(move |event| event.sentinel == sentinel)
    }

    /// The events of one name.
    pub fn named(&self, name: &str) -> impl Iterator<Item = &Event> {
        let events = self.events.iter();
        events.filter(move |event| event.name == name)
    }
}

/// A measured step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    FirstSdown,
    FirstOdown,
    Elected,
    Promoted,
    FirstWrite,
    FirstObserver,
    LastObserver,
    Leader,
}

impl Step {
    /// All, in the order in which they happen.
    pub const ALL: [Step; 8] = [
        Step::FirstSdown,
        Step::FirstOdown,
        Step::Elected,
        Step::Promoted,
        Step::FirstWrite,
        Step::FirstObserver,
        Step::LastObserver,
        Step::Leader,
    ];

    /// Its name in the table.
    pub fn title(self) -> &'static str {
        match self {
            Step::FirstSdown => "first +sdown",
            Step::FirstOdown => "first +odown",
            Step::Elected => "+elected-leader",
            Step::Promoted => "replica is master",
            Step::FirstWrite => "first write",
            Step::FirstObserver => "first observer's +switch-master",
            Step::LastObserver => "last observer's +switch-master",
            Step::Leader => "leader's +switch-master",
        }
    }
}

/// The times of one failover.
pub struct Steps {
    times: [Duration; Step::ALL.len()],
    /// What is not as it should be; empty when all is well.
    pub oddities: Vec<String>,
}

impl Steps {
    /// Milliseconds since the fault.
    pub fn at(&self, step: Step) -> f64 {
        millis(self.times[step as usize])
    }

    /// Milliseconds since the fault, less `down_after`; negative when the step came earlier.
    pub fn beyond(&self, step: Step, down_after: Duration) -> f64 {
        self.at(step) - millis(down_after)
    }

    /// Finds the steps; an error names one that is missing.
    pub fn of(story: &Story) -> Result<Steps, String> {
        let first = |name: &str| {
            let event = story.named(name).next();
            event.ok_or_else(|| format!("nobody announced {name}"))
        };
        let first_sdown = || {
            let dead = format!("master {MASTER} 127.0.0.1 {}", story.old);
            let mut events = story.events.iter();
            let event = events.find(|event| event.name == "+sdown" && event.text == dead);
            event.ok_or_else(|| "nobody announced +sdown of the master".to_owned())
        };
        let elected = first("+elected-leader")?;
        let leader = elected.sentinel;
        let switch_of = |sentinel: usize| {
            let event = story.switches(sentinel).next();
            event.ok_or_else(|| format!("sentinel {sentinel} did not announce +switch-master"))
        };
        let leader_switch = switch_of(leader)?;
        let observers = (0..story.sentinels)
            .filter(|sentinel| *sentinel != leader)
            .map(|sentinel| Ok(switch_of(sentinel)?.after))
            .collect::<Result<Vec<_>, String>>()?;
        let new = leader_switch.text.split(' ').nth(4).unwrap_or_default();
        let promoted = story
            .promotions
            .iter()
            .find(|(port, _)| port.to_string() == new)
            .ok_or_else(|| format!("the server on port {new} never became a master"))?;
        let times = Step::ALL.map(|step| match step {
            Step::FirstSdown => first_sdown().map(|event| event.after),
            Step::FirstOdown => first("+odown").map(|event| event.after),
            Step::Elected => Ok(elected.after),
            Step::Promoted => Ok(promoted.1),
            Step::FirstWrite => story
                .first_write
                .ok_or_else(|| "no write was acknowledged".to_owned()),
            Step::FirstObserver => Ok(observers.iter().min().copied().unwrap_or_default()),
            Step::LastObserver => Ok(observers.iter().max().copied().unwrap_or_default()),
            Step::Leader => Ok(leader_switch.after),
        });
        let mut found = [Duration::ZERO; Step::ALL.len()];
        for (place, time) in found.iter_mut().zip(times) {
            *place = time?;
        }
        Ok(Steps {
            times: found,
            oddities: oddities(story, leader, new),
        })
    }
}

/// What a leader announces, in this order.
const LEADER_ORDER: [&str; 12] = [
    "+sdown",
    "+odown",
    "+new-epoch",
    "+try-failover",
    "+vote-for-leader",
    "+elected-leader",
    "+failover-state-select-slave",
    "+selected-slave",
    "+failover-state-send-slaveof-noone",
    "+failover-state-wait-promotion",
    "+promoted-slave",
    "+switch-master",
];

fn oddities(story: &Story, leader: usize, new: &str) -> Vec<String> {
    let mut odd = Vec::new();
    let tell = |event: &Event| {
        format!(
            "sentinel {} at {:.1} ms: {} {}",
            event.sentinel,
            millis(event.after),
            event.name,
            event.text
        )
    };
    let named = |name: &str| -> Vec<&Event> { story.named(name).collect() };
    if story.promotions.len() > 1 {
        odd.extend(story.promotions.iter().map(|(port, after)| {
            let after = millis(*after);
            format!("more than one promotion: port {port} at {after:.1} ms")
        }));
    }
    if named("+elected-leader").len() > 1 {
        odd.extend(
            named("+elected-leader")
                .iter()
                .map(|event| format!("more than one leader: {}", tell(event))),
        );
    }
    let switches = named("+switch-master");
    if switches.len() > story.sentinels {
        odd.push(format!(
            "{} switches of {} sentinels",
            switches.len(),
            story.sentinels
        ));
    }
    let expected = format!("{MASTER} 127.0.0.1 {} 127.0.0.1 {new}", story.old);
    for event in switches {
        if event.text != expected {
            odd.push(format!("another switch: {}", tell(event)));
        }
        if event.address_then.as_deref() != event.text.split(' ').nth(4) {
            let then = event.address_then.as_deref().unwrap_or("nothing");
            odd.push(format!("answered {then} after it: {}", tell(event)));
        }
    }
    let old_master = format!("master {MASTER} 127.0.0.1 {}", story.old);
    let old_replica = format!("slave 127.0.0.1:{} ", story.old);
    for event in &story.events {
        let bad = match event.name.as_str() {
            // The dead server is down in both of its roles, all the others are well.
            "+sdown" => event.text != old_master && !event.text.starts_with(&old_replica),
            "+tilt"
            | "+convert-to-slave"
            | "+fix-slave-config"
            | "+failover-end-for-timeout"
            | "+reboot" => true,
            name => name.starts_with("-failover-abort"),
        };
        if bad {
            odd.push(tell(event));
        }
    }
    let places: Vec<_> = LEADER_ORDER
        .iter()
        .map(|name| {
            let mut events = story.events.iter();
            events.position(|event| event.sentinel == leader && event.name == *name)
        })
        .collect();
    for (pair, names) in places.windows(2).zip(LEADER_ORDER.windows(2)) {
        match pair {
            [Some(before), Some(after)] if before < after => {}
            _ => odd.push(format!(
                "the leader did not announce {} and then {}",
                names[0], names[1]
            )),
        }
    }
    let is_down = |event: &Event| matches!(event.name.as_str(), "+sdown" | "+odown");
    if let Some(early) = story
        .events
        .iter()
        .find(|event| is_down(event) && event.after + EARLY < story.down_after)
    {
        odd.push(format!("too early: {}", tell(early)));
    }
    odd
}

/// A question that was on its way when the fault came counts from before it; by more than this
/// it cannot be.
const EARLY: Duration = Duration::from_millis(50);
