//! What CLIENT TRACKING keeps of a connection. Nothing is ever sent for it, because a sentinel
//! has no keys; client libraries that switch it on everywhere must be able to.

use std::collections::BTreeSet;

use bytes::Bytes;

use crate::resp::Reply;

use super::session::Session;
use super::words::{NOT_AN_INTEGER, SYNTAX_ERROR, integer, is, shown};

const ONE_TARGET: &str = "ERR A client can only redirect to a single other client";
const NO_TARGET: &str = "ERR The client ID you want redirect to does not exist";
const PREFIX_NEEDS_BCAST: &str = "ERR PREFIX option requires BCAST mode to be enabled";
const OTHER_BCAST: &str = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, \
                           and then re-enabling it with a different mode.";
const BCAST_AND_OPT: &str = "ERR OPTIN and OPTOUT are not compatible with BCAST";
const OPTIN_AND_OPTOUT: &str = "ERR You can't specify both OPTIN mode and OPTOUT mode";
const OTHER_OPT: &str = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, \
                         and then re-enabling it with a different mode.";

/// What a prefix takes beside its bytes; an estimate.
const PER_PREFIX: usize = 64;

/// Tracking as a connection switched it on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tracking {
    /// The connection that would be told instead, 0 for none.
    pub redirect: u64,
    /// BCAST.
    pub bcast: bool,
    /// OPTIN.
    pub optin: bool,
    /// OPTOUT.
    pub optout: bool,
    /// NOLOOP.
    pub noloop: bool,
    /// CLIENT CACHING was said for the next command.
    pub caching: bool,
    /// Prefixes of BCAST; an empty one stands for all keys.
    pub prefixes: BTreeSet<Bytes>,
    /// What the prefixes take, in bytes.
    pub prefix_bytes: usize,
}

impl Tracking {
    /// The words of `flags` in TRACKINGINFO behind `on`, in their order.
    pub fn words(&self) -> impl Iterator<Item = &'static str> {
        [
            ("bcast", self.bcast),
            ("optin", self.optin),
            ("caching-yes", self.optin && self.caching),
            ("optout", self.optout),
            ("caching-no", self.optout && self.caching),
            ("noloop", self.noloop),
        ]
        .into_iter()
        .filter_map(|(word, set)| set.then_some(word))
    }
}

/// Carries out `CLIENT TRACKING on|off [option …]`. `exists` says whether there is a connection
/// of an id.
pub fn track(session: &mut Session, args: &[Bytes], exists: &dyn Fn(u64) -> bool) -> Reply {
    match try_track(session, args, exists) {
        Ok(()) => Reply::OK,
        Err(text) => Reply::error(text),
    }
}

fn try_track(
    session: &mut Session,
    args: &[Bytes],
    exists: &dyn Fn(u64) -> bool,
) -> Result<(), String> {
    let (switch, options) = args.split_first().ok_or(SYNTAX_ERROR)?;
    let asked = read_options(options, exists)?;
    if is(switch, "off") {
        session.tracking = None;
        return Ok(());
    }
    if !is(switch, "on") {
        return Err(SYNTAX_ERROR.to_owned());
    }
    let before = session.tracking.take();
    let outcome = enable(before.as_ref(), asked);
    session.tracking = outcome.as_ref().ok().cloned().or(before);
    outcome.map(|_| ())
}

/// What the options ask for, read from the left; prefixes in the order given.
#[derive(Default)]
struct Asked {
    redirect: u64,
    bcast: bool,
    optin: bool,
    optout: bool,
    noloop: bool,
    prefixes: Vec<Bytes>,
}

fn read_options(mut rest: &[Bytes], exists: &dyn Fn(u64) -> bool) -> Result<Asked, String> {
    let mut asked = Asked::default();
    loop {
        rest = match rest {
            [] => return Ok(asked),
            [option, id, rest @ ..] if is(option, "redirect") => {
                if asked.redirect != 0 {
                    return Err(ONE_TARGET.to_owned());
                }
                let id = integer(id).ok_or(NOT_AN_INTEGER)?;
                let id = u64::try_from(id).ok().filter(|id| exists(*id));
                asked.redirect = id.ok_or(NO_TARGET)?;
                rest
            }
            [option, prefix, rest @ ..] if is(option, "prefix") => {
                // A copy: it may share the buffer of all that came with it.
                asked.prefixes.push(Bytes::copy_from_slice(prefix));
                rest
            }
            [option, rest @ ..] => {
                if is(option, "bcast") {
                    asked.bcast = true;
                } else if is(option, "optin") {
                    asked.optin = true;
                } else if is(option, "optout") {
                    asked.optout = true;
                } else if is(option, "noloop") {
                    asked.noloop = true;
                } else {
                    return Err(SYNTAX_ERROR.to_owned());
                }
                rest
            }
        }
    }
}

fn enable(before: Option<&Tracking>, asked: Asked) -> Result<Tracking, String> {
    if !asked.bcast && !asked.prefixes.is_empty() {
        return Err(PREFIX_NEEDS_BCAST.to_owned());
    }
    if before.is_some_and(|before| before.bcast != asked.bcast) {
        return Err(OTHER_BCAST.to_owned());
    }
    if asked.bcast && (asked.optin || asked.optout) {
        return Err(BCAST_AND_OPT.to_owned());
    }
    if asked.optin && asked.optout {
        return Err(OPTIN_AND_OPTOUT.to_owned());
    }
    let other_opt =
        |before: &Tracking| (asked.optin && before.optout) || (asked.optout && before.optin);
    if before.is_some_and(other_opt) {
        return Err(OTHER_OPT.to_owned());
    }
    let mut prefixes = before.map_or_else(BTreeSet::new, |before| before.prefixes.clone());
    refuse_overlap(&prefixes, &asked.prefixes)?;
    if asked.bcast && asked.prefixes.is_empty() {
        prefixes.insert(Bytes::new());
    }
    prefixes.extend(asked.prefixes);
    let prefix_bytes = prefixes.iter().map(|one| one.len() + PER_PREFIX).sum();
    Ok(Tracking {
        redirect: asked.redirect,
        bcast: asked.bcast,
        optin: asked.optin,
        optout: asked.optout,
        noloop: asked.noloop,
        caching: false,
        prefixes,
        prefix_bytes,
    })
}

/// No prefix may begin with another one. Sorted, a prefix stands next to what begins with it, so
/// that nothing overlaps costs little to see; which pair does is looked for only then.
fn refuse_overlap(existing: &BTreeSet<Bytes>, given: &[Bytes]) -> Result<(), String> {
    let mut sorted: Vec<&Bytes> = existing.iter().chain(given).collect();
    sorted.sort();
    let apart = sorted.windows(2).all(|two| !overlap(two[0], two[1]));
    if apart || given.is_empty() {
        return Ok(());
    }
    for (at, prefix) in given.iter().enumerate() {
        let of_existing = existing.iter().find(|other| overlap(prefix, other));
        let of_given = given[at + 1..].iter().find(|other| overlap(prefix, other));
        let (kind, other) = match (of_existing, of_given) {
            (Some(other), _) => ("an existing", other),
            (None, Some(other)) => ("another provided", other),
            (None, None) => continue,
        };
        return Err(format!(
            "ERR Prefix '{}' overlaps with {kind} prefix '{}'. Prefixes for a single client must not overlap.",
            shown(prefix),
            shown(other)
        ));
    }
    Ok(())
}

fn overlap(one: &[u8], other: &[u8]) -> bool {
    one.starts_with(other) || other.starts_with(one)
}
