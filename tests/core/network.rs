//! The scripted network: hosts that die, freeze and come back, sockets that open and end.

use std::net::SocketAddr;

use rsentinel::core::action::Socket;
use rsentinel::core::{Ask, ConnId, Event};

use rsentinel::wire::{Role, ServerFailover};

use super::hosts::{HandOverScript, Host, Kind, PeerScript, Reach, Server};
use super::world::{Conn, World};

impl World {
    pub fn host(&mut self, at: &str) -> &mut Host {
        self.hosts
            .get_mut(&super::hosts::at(at))
            .expect("a host of the script")
    }

    pub fn server(&mut self, at: &str) -> &mut Server {
        match &mut self.host(at).kind {
            Kind::Server(server) => server,
            Kind::Peer(_) => panic!("{at} is a peer"),
        }
    }

    pub fn peer(&mut self, at: &str) -> &mut PeerScript {
        match &mut self.host(at).kind {
            Kind::Peer(peer) => peer,
            Kind::Server(_) => panic!("{at} is a server"),
        }
    }

    /// The process at this address dies: its sockets are reset, connects refused.
    pub fn kill(&mut self, at: &str) {
        self.host(at).reach = Reach::Refused;
        self.reset_sockets(at, None);
    }

    /// The host comes back.
    pub fn revive(&mut self, at: &str) {
        self.host(at).reach = Reach::Up;
    }

    /// Existing sockets stay, nothing is answered any more.
    pub fn freeze(&mut self, at: &str) {
        self.host(at).reach = Reach::Frozen;
    }

    /// Every packet to and from it is lost.
    pub fn black_hole(&mut self, at: &str) {
        self.host(at).reach = Reach::BlackHole;
    }

    /// Every socket (of one kind) to an address is reset.
    pub fn reset_sockets(&mut self, at: &str, only: Option<Socket>) {
        let to = super::hosts::at(at);
        let lost: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.to == to && only.is_none_or(|s| s == c.socket))
            .map(|(id, _)| *id)
            .collect();
        for conn in lost {
            self.conns.remove(&conn);
            self.tell(Event::Closed {
                conn,
                reason: "Connection reset by peer".into(),
            });
        }
    }

    /// The sockets to an address.
    pub fn sockets_to(&self, at: &str) -> Vec<(ConnId, Socket)> {
        let to = super::hosts::at(at);
        self.conns
            .iter()
            .filter(|(_, c)| c.to == to)
            .map(|(id, c)| (*id, c.socket))
            .collect()
    }

    pub fn connect(&mut self, conn: ConnId, to: SocketAddr, socket: Socket) {
        let reach = self.reach(to, socket);
        match reach {
            Reach::Up | Reach::Frozen => {
                let local_ip = self.local_ip;
                self.later(1, Event::Connected { conn, local_ip });
            }
            Reach::Refused => {
                let reason = "Connection refused".into();
                self.later(1, Event::Closed { conn, reason });
            }
            Reach::BlackHole => {}
        }
        self.conns.insert(
            conn,
            Conn {
                to,
                socket,
                up: reach == Reach::Up || reach == Reach::Frozen,
                queued: Vec::new(),
            },
        );
    }

    fn reach(&self, to: SocketAddr, socket: Socket) -> Reach {
        let Some(host) = self.hosts.get(&to) else {
            return Reach::Refused;
        };
        match socket {
            Socket::Pubsub => host.pubsub_reach.unwrap_or(host.reach),
            Socket::Command => host.reach,
        }
    }

    pub fn deliver(&mut self, conn: ConnId, ask: &Ask) {
        let Some(to) = self.conns.get(&conn).map(|c| c.to) else {
            return;
        };
        let now = self.now;
        let Some(host) = self.hosts.get_mut(&to).filter(|h| h.reach == Reach::Up) else {
            return;
        };
        let trip = host.round_trip + 1;
        if *ask == Ask::Subscribe {
            if host.echoes {
                self.later(trip, Event::Heard { conn, hello: None });
            }
            return;
        }
        let echoes = host.echoes;
        if let Some(answer) = host.answer(ask, now) {
            self.later(trip, Event::Answered { conn, answer });
        }
        if let Ask::HandOver { host, port, .. } = ask
            && self.server(&to.to_string()).hand_over == HandOverScript::Obeys
        {
            let target = format!("{host}:{port}");
            // One that is named is left to its test.
            if target.parse::<SocketAddr>().is_ok() {
                self.hand_over(&to.to_string(), &target);
            }
        }
        if let Ask::Hello { text, .. } = ask
            && echoes
        {
            self.echo(to, text, trip);
        }
    }
}

impl World {
    /// A master hands over to its replica, and follows it.
    pub fn hand_over(&mut self, from: &str, to: &str) {
        let (host, port) = to.rsplit_once(':').expect("a port");
        let target = (host.to_owned(), port.parse().expect("a port number"));
        let old = self.server(from);
        old.role = Role::Replica;
        old.master = Some(target);
        old.link_up = true;
        old.failover = Some(ServerFailover::Idle);
        let new = self.server(to);
        new.role = Role::Master;
        new.master = None;
    }

    /// A server sends what was published on it to its subscribers.
    fn echo(&mut self, to: SocketAddr, text: &str, trip: u64) {
        let subscribed: Vec<ConnId> = self
            .conns
            .iter()
            .filter(|(_, c)| c.to == to && c.socket == Socket::Pubsub)
            .map(|(id, _)| *id)
            .collect();
        for conn in subscribed {
            let hello = Some(text.to_owned());
            self.later(trip, Event::Heard { conn, hello });
        }
    }
}
