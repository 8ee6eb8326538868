//! Requests that are answered where they lie: see [`Ordinary`].

use crate::commands::Ordinary;
use crate::resp::{LONGEST_SHORT_WORD, whole_request};

use super::clients::Client;
use super::serve::Shared;

/// How far the input of a connection was answered.
#[derive(Clone, Copy, Debug, Default)]
pub struct Answered {
    /// So many bytes.
    pub bytes: usize,
    /// They were so many requests.
    pub requests: usize,
}

/// Answers requests from the front of `input`, at most so many.
pub fn answer(shared: &Shared, client: &Client, input: &[u8], at_most: usize) -> Answered {
    let mut done = Answered::default();
    if !client.outbox.has_room()
        || shared.pause.in_force().is_some()
        || shared.limits.max_bulk < LONGEST_SHORT_WORD
    {
        return done;
    }
    let mut session = client.session.borrow_mut();
    let Some(ordinary) = Ordinary::of(&session, &shared.settings) else {
        return done;
    };
    let addresses = shared.door.addresses.load();
    client.outbox.reply(|out| {
        while done.requests < at_most
            && let Some(request) = whole_request(&input[done.bytes..])
            && let Some(name) = ordinary.answer(request.words(), &addresses, out)
        {
            session.last_command = Some(name);
            session.was_carried_out = true;
            done.bytes += request.length;
            done.requests += 1;
        }
    });
    drop((session, ordinary));
    if done.requests > 0 {
        shared.counters.commands.add(done.requests);
        shared.check_output(client);
    }
    done
}
