//! What must come to pass once all faults are over: L1, L4, L5 and L6, each with a bound of its own
//! that the rules give. (L2 is put to the test by killing masters in good order, see [`crate::run`];
//! L3 is judged at all times, see [`crate::oracles`].)
//!
//! Each property has a premise. Its clock runs while the premise holds and the property does not;
//! when the bound is over, that is a violation. A clock that ran and stopped in time is counted: the
//! property was put to a test that it could have failed.

pub mod bounds;

use std::collections::BTreeMap;

use rsentinel::core::notice::EventName;

use crate::oracles::Violation;
use crate::shape::Shape;
use crate::world::World;
use crate::world::settled::{is_hopeless, is_in_progress};

/// A property, or a part of one that has a bound of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Aim {
    /// L1: whatever config epoch was published, all sentinels in touch reach it.
    SameEpoch,
    /// L4: every server follows the agreed master.
    Following,
    /// L5: nobody is in TILT.
    Awake,
    /// L5: every sentinel sees all servers it knows, and all other sentinels.
    InTouch,
    /// L5: every sentinel knows all servers.
    Acquainted,
    /// L6: all agree on a master that is one.
    Led,
}

impl Aim {
    /// The property that is violated when it is missed.
    fn property(self) -> &'static str {
        match self {
            Aim::SameEpoch => "L1",
            Aim::Following => "L4",
            Aim::Awake | Aim::InTouch | Aim::Acquainted => "L5",
            Aim::Led => "L6",
        }
    }

    /// Its name in counts.
    pub fn name(self) -> &'static str {
        match self {
            Aim::SameEpoch => "L1",
            Aim::Following => "L4",
            Aim::Awake => "L5 TILT ends",
            Aim::InTouch => "L5 in touch",
            Aim::Acquainted => "L5 acquainted",
            Aim::Led => "L6",
        }
    }

    /// All of them.
    pub const ALL: [Aim; 6] = [
        Aim::SameEpoch,
        Aim::Following,
        Aim::Awake,
        Aim::InTouch,
        Aim::Acquainted,
        Aim::Led,
    ];
}

/// How a property was tested.
#[derive(Clone, Copy, Debug, Default)]
pub struct Tested {
    /// How often its clock ran and stopped in time.
    pub times: u64,
    /// The longest run, in ms.
    pub longest: u64,
}

struct Clock {
    /// µs.
    since: u64,
    /// The epoch, the server or the attempt of a reference it is about: another one begins anew.
    about: u64,
}

/// The judge of a cluster that is left alone.
pub struct Liveness {
    shape: Shape,
    clocks: BTreeMap<(Aim, usize), Clock>,
    /// How each was tested so far.
    pub tested: BTreeMap<Aim, Tested>,
}

/// One look at one property of a group.
struct Look {
    aim: Aim,
    group: usize,
    /// It can be asked for.
    premise: bool,
    about: u64,
    /// What is missing.
    missing: Option<String>,
}

impl Liveness {
    /// Clocks that have not begun to run.
    pub fn new(shape: &Shape) -> Self {
        Liveness {
            shape: shape.clone(),
            clocks: BTreeMap::new(),
            tested: BTreeMap::new(),
        }
    }

    /// Looks at the cluster: called again and again from the end of the faults on.
    pub fn look(&mut self, world: &World) -> Result<(), Violation> {
        let views = world.views();
        let in_tilt = world.in_tilt(&views);
        self.judge(
            world,
            Look {
                aim: Aim::Awake,
                group: 0,
                premise: true,
                about: 0,
                missing: in_tilt.map(|node| format!("sentinel {node} is in TILT")),
            },
        )?;
        // A reference that holds on to another master (its defects W7 and W8) goes on to correct
        // servers: what follows is not to be had.
        let split = world.split_off_references() > 0;
        // Votes given to a reference that then finds nobody to promote, by what it has read, hold
        // the attempts of others back.
        let references = &world.tally.reference_events;
        let in_vain = references
            .get(&EventName::AbortNoGoodSlave)
            .copied()
            .unwrap_or(0);
        for group in 0..self.shape.masters {
            let touch = world.out_of_touch(group, &views);
            let in_touch = touch.is_none();
            let estranged = world.is_estranged(group);
            let ready = in_tilt.is_none() && in_touch && !split;
            let agreed = world.agreed_master(group);
            let led = agreed.filter(|m| world.is_serving_master(*m));
            let about = led.map_or(0, |m| m as u64);
            let astray = led.and_then(|m| world.astray(group, m));
            let (newest, behind) = world.behind(group, &views);
            let looks = [
                Look {
                    aim: Aim::InTouch,
                    group,
                    premise: in_tilt.is_none() && !estranged,
                    about: 0,
                    missing: touch,
                },
                Look {
                    aim: Aim::SameEpoch,
                    group,
                    premise: in_touch,
                    about: newest,
                    missing: behind.map(|id| format!("{id} has not reached epoch {newest}")),
                },
                Look {
                    aim: Aim::Led,
                    group,
                    premise: ready
                        && match agreed {
                            Some(_) => !is_hopeless(group, &views),
                            None => !estranged && !world.is_outvoted(group, &views),
                        },
                    about: in_vain,
                    missing: led.is_none().then(|| match agreed {
                        Some(master) => format!("server {master} is not a master"),
                        None => "there is no agreement on a master".to_owned(),
                    }),
                },
                Look {
                    aim: Aim::Following,
                    group,
                    premise: ready && led.is_some() && !is_in_progress(group, &views),
                    about,
                    missing: astray.map(|s| format!("server {s} does not follow the master")),
                },
                Look {
                    aim: Aim::Acquainted,
                    group,
                    premise: ready && led.is_some() && astray.is_none(),
                    about,
                    missing: led.and_then(|m| world.unacquainted(group, m, &views)),
                },
            ];
            for look in looks {
                self.judge(world, look)?;
            }
        }
        Ok(())
    }

    fn judge(&mut self, world: &World, look: Look) -> Result<(), Violation> {
        let key = (look.aim, look.group);
        if !look.premise {
            self.clocks.remove(&key);
            return Ok(());
        }
        let Some(missing) = look.missing else {
            if let Some(clock) = self.clocks.remove(&key) {
                let tested = self.tested.entry(look.aim).or_default();
                tested.times += 1;
                tested.longest = tested.longest.max((world.now - clock.since) / 1_000);
            }
            return Ok(());
        };
        let begin = || Clock {
            since: world.now,
            about: look.about,
        };
        let clock = self.clocks.entry(key).or_insert_with(begin);
        if clock.about != look.about {
            *clock = begin();
        }
        let lasts = (world.now - clock.since) / 1_000;
        let bound = bounds::of(look.aim, &self.shape);
        if lasts <= bound {
            return Ok(());
        }
        Err(Violation {
            invariant: look.aim.property(),
            at: world.now / 1_000,
            text: format!(
                "group {}: {missing}, for {lasts} ms; the bound is {bound} ms",
                look.group
            ),
        })
    }
}
