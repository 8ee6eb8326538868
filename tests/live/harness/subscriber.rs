//! A client that hears every event of one sentinel, as an application does.

use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use super::client::{Client, ask};

/// One event.
#[derive(Clone, Debug)]
pub struct Heard {
    /// When it arrived.
    pub at: Instant,
    /// Its name.
    pub channel: String,
    /// Its text.
    pub payload: String,
    /// For `+switch-master`: the port the sentinel gave as the master's, asked after hearing it.
    pub address_then: Option<String>,
}

/// Listens until dropped.
pub struct Subscriber {
    heard: Arc<Mutex<Vec<Heard>>>,
    socket: TcpStream,
    thread: Option<JoinHandle<()>>,
}

impl Subscriber {
    /// Subscribes to everything the sentinel on this port announces.
    pub fn start(port: u16) -> Subscriber {
        let mut client = Client::connect(port).expect("the sentinel accepts a subscriber");
        client
            .ask(&["PSUBSCRIBE", "*"])
            .expect("the sentinel confirms a subscription");
        client
            .set_patience(None)
            .expect("a socket without a time limit");
        let socket = client.socket().expect("a second handle of the socket");
        let heard = Arc::new(Mutex::new(Vec::new()));
        let list = heard.clone();
        let thread = Some(thread::spawn(move || listen(port, client, &list)));
        Subscriber {
            heard,
            socket,
            thread,
        }
    }

    /// Everything heard so far, in order.
    pub fn heard(&self) -> Vec<Heard> {
        self.heard
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// What was heard on one channel.
    pub fn on(&self, channel: &str) -> Vec<Heard> {
        let mut heard = self.heard();
        heard.retain(|event| event.channel == channel);
        heard
    }
}

impl Drop for Subscriber {
    fn drop(&mut self) {
        let _ = self.socket.shutdown(Shutdown::Both);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn listen(port: u16, mut client: Client, list: &Mutex<Vec<Heard>>) {
    while let Ok(push) = client.read() {
        let at = Instant::now();
        let [_, _, channel, payload] = push.items() else {
            continue;
        };
        let (channel, payload) = (channel.text(), payload.text());
        let address_then = (channel == "+switch-master")
            .then(|| master_port(port, &payload))
            .flatten();
        let heard = Heard {
            at,
            channel,
            payload,
            address_then,
        };
        list.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(heard);
    }
}

fn master_port(port: u16, payload: &str) -> Option<String> {
    let name = payload.split(' ').next()?;
    let answer = ask(port, &["SENTINEL", "GET-MASTER-ADDR-BY-NAME", name]).ok()?;
    Some(answer.items().get(1)?.text())
}
