//! Who hears which events: channels and patterns -> connections, and the fan-out.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::rc::Rc;

use bytes::Bytes;

use crate::resp::{Proto, Reply};
use crate::types::glob_matches;

use super::clients::Client;

type Subscribers = BTreeMap<u64, Rc<Client>>;

/// All subscriptions of all connections.
#[derive(Debug, Default)]
pub struct Subscriptions {
    channels: BTreeMap<Bytes, Subscribers>,
    patterns: BTreeMap<Bytes, Subscribers>,
}

impl Subscriptions {
    /// Takes over what a connection's session says of the names in these confirmations.
    pub fn learn(&mut self, client: &Rc<Client>, confirmations: &[Reply]) {
        let session = client.session.borrow();
        for confirmation in confirmations {
            let Reply::Push(items) = confirmation else {
                continue;
            };
            let Some(Reply::Bulk(name)) = items.get(1) else {
                continue;
            };
            let (channels, patterns) = (&session.channels, &session.patterns);
            set(&mut self.channels, name, client, channels.contains(name));
            set(&mut self.patterns, name, client, patterns.contains(name));
        }
    }

    /// Forgets a connection.
    pub fn forget(&mut self, client: &Rc<Client>) {
        let session = client.session.borrow();
        for name in session.channels.iter() {
            set(&mut self.channels, name, client, false);
        }
        for name in session.patterns.iter() {
            set(&mut self.patterns, name, client, false);
        }
    }

    /// How many channels and how many patterns have a subscriber.
    pub fn counts(&self) -> (usize, usize) {
        (self.channels.len(), self.patterns.len())
    }

    /// Appends an event to the output of everyone who hears its channel: subscribers of the
    /// channel first, then those of each matching pattern. `sent` is told of each connection.
    pub fn publish(&self, channel: &str, text: &str, mut sent: impl FnMut(&Rc<Client>)) {
        if let Some(subscribers) = self.channels.get(channel.as_bytes()) {
            let items = [
                Reply::bulk("message"),
                Reply::bulk(channel),
                Reply::bulk(text),
            ];
            deliver(subscribers, &Message::new(items.into()), &mut sent);
        }
        for (pattern, subscribers) in &self.patterns {
            if glob_matches(pattern, channel.as_bytes(), false) {
                let items = [
                    Reply::bulk("pmessage"),
                    Reply::Bulk(pattern.clone()),
                    Reply::bulk(channel),
                    Reply::bulk(text),
                ];
                deliver(subscribers, &Message::new(items.into()), &mut sent);
            }
        }
    }
}

/// A push that is encoded at most once for each protocol.
struct Message {
    push: Reply,
    resp2: OnceCell<Bytes>,
    resp3: OnceCell<Bytes>,
}

impl Message {
    fn new(items: Vec<Reply>) -> Self {
        Message {
            push: Reply::Push(items),
            resp2: OnceCell::new(),
            resp3: OnceCell::new(),
        }
    }

    fn bytes(&self, proto: Proto) -> Bytes {
        let cell = match proto {
            Proto::Resp2 => &self.resp2,
            Proto::Resp3 => &self.resp3,
        };
        cell.get_or_init(|| self.push.to_bytes(proto)).clone()
    }
}

fn deliver(subscribers: &Subscribers, message: &Message, sent: &mut impl FnMut(&Rc<Client>)) {
    for client in subscribers.values().filter(|client| !client.is_killed()) {
        let proto = client.session.borrow().proto;
        client.outbox.push(message.bytes(proto));
        sent(client);
    }
}

fn set(of: &mut BTreeMap<Bytes, Subscribers>, name: &Bytes, client: &Rc<Client>, is: bool) {
    if is {
        let subscribers = of.entry(name.clone()).or_default();
        subscribers.insert(client.id, Rc::clone(client));
        return;
    }
    let Some(subscribers) = of.get_mut(name) else {
        return;
    };
    subscribers.remove(&client.id);
    if subscribers.is_empty() {
        of.remove(name);
    }
}
