//! TLS of both directions, by OpenSSL: the library of the reference, so that names of ciphers,
//! encrypted keys, Diffie-Hellman parameters and old certificates mean what they mean there.
//!
//! Handshakes cost milliseconds of computing and as long as the other end likes. They run on
//! threads of their own, one for clients and one for links, each with a deadline; the monitor
//! and the serving thread get the stream when it is ready.

mod certificates;
mod ciphers;
mod context;
mod failure;
mod handshake;
mod stream;
mod troubles;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use arc_swap::ArcSwap;
use tokio::net::TcpStream;

use crate::config::TlsConf;
use crate::core::notice::{Level, LogLine};

use certificates::Watch;
use context::Contexts;
use handshake::HandshakeThread;
use troubles::Troubles;

pub use failure::{Failure, is_of_tls};
pub use stream::TlsStream;

/// Where log lines go; must not block.
pub type Log = Arc<dyn Fn(&LogLine) + Send + Sync>;

/// Both directions. What was handed out goes on to work when this is dropped; only the files of
/// the certificates are not watched any more.
pub struct Tls {
    /// For the listeners.
    pub clients: Accepting,
    /// For the links to servers and other sentinels.
    pub links: Connecting,
    _watch: Watch,
}

/// Whether this build has TLS.
///
/// # Errors
/// Never: it has.
pub fn is_built() -> Result<(), &'static str> {
    Ok(())
}

/// Reads all files once; what an operator should know of them.
///
/// # Errors
/// The line for the log that says why TLS cannot be set up.
pub fn check(conf: &TlsConf) -> Result<Vec<String>, String> {
    Ok(context::build(conf)?.warnings)
}

/// Sets TLS up; must be called before anything is listened on.
///
/// # Errors
/// The line for the log that says why it cannot be.
pub fn start(conf: TlsConf, log: Log) -> Result<Tls, String> {
    // Before the files are read: what changes in between is noticed later.
    let stamps = certificates::stamps(&conf);
    let contexts = context::build(&conf)?;
    for text in &contexts.warnings {
        say(&log, Level::Warning, text.clone());
    }
    let contexts = Arc::new(ArcSwap::from_pointee(contexts));
    let no_thread = |e: io::Error| format!("Can't start a thread for TLS: {e}");
    let thread = |name| {
        HandshakeThread::start(name)
            .map(Arc::new)
            .map_err(no_thread)
    };
    Ok(Tls {
        clients: Accepting {
            contexts: Arc::clone(&contexts),
            thread: thread("tls-clients")?,
        },
        links: Connecting {
            contexts: Arc::clone(&contexts),
            thread: thread("tls-links")?,
            troubles: Arc::new(Troubles::new(Arc::clone(&log))),
            naming: Naming::default(),
        },
        _watch: Watch::start(conf, stamps, contexts, log).map_err(no_thread)?,
    })
}

fn say(log: &Log, level: Level, text: String) {
    log(&LogLine {
        level,
        text,
        when: None,
    });
}

/// Our end of handshakes that clients begin.
#[derive(Clone)]
pub struct Accepting {
    contexts: Arc<ArcSwap<Contexts>>,
    thread: Arc<HandshakeThread>,
}

impl Accepting {
    /// Shakes hands with a client. Dropping the future ends the attempt and closes the socket.
    ///
    /// # Errors
    /// What went wrong, or that it took too long.
    pub async fn accept(&self, stream: TcpStream) -> Result<TlsStream, Failure> {
        let contexts = Arc::clone(&self.contexts);
        let shake = async move {
            let context = contexts.load().server.clone();
            handshake::accept(&context, stream).await
        };
        self.thread.run(shake).await
    }
}

/// Our end of handshakes that we begin.
#[derive(Clone)]
pub struct Connecting {
    contexts: Arc<ArcSwap<Contexts>>,
    thread: Arc<HandshakeThread>,
    troubles: Arc<Troubles>,
    naming: Naming,
}

/// What the other end is called. By default it is not asked for by name, and its certificate may be
/// for any.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Naming {
    /// Its certificate has to be for its name, or for its IP where it has none.
    pub verify: bool,
    /// Its name, which it is asked for by; unset: the host that is connected to.
    pub name: Option<Arc<str>>,
}

impl Naming {
    /// What the other end is called, if that matters.
    fn name_of<'a>(&'a self, host: &'a str) -> Option<&'a str> {
        let host = self.verify.then_some(host);
        self.name.as_deref().or(host)
    }
}

impl Connecting {
    /// The same, with names as given.
    pub fn named(self, naming: Naming) -> Self {
        Connecting { naming, ..self }
    }

    /// Shakes hands with a server or another sentinel, `host` as it was written. There is no time limit: the core has one.
    /// Dropping the future ends the attempt and closes the socket.
    ///
    /// # Errors
    /// What went wrong.
    pub async fn connect(&self, stream: TcpStream, host: &Arc<str>) -> Result<TlsStream, Failure> {
        let contexts = Arc::clone(&self.contexts);
        let (naming, host) = (self.naming.clone(), Arc::clone(host));
        let shake = async move {
            let context = contexts.load().client.clone();
            handshake::connect(&context, stream, &naming, &host).await
        };
        self.thread.run(shake).await
    }

    /// Logs why there is no encrypted connection to an address, once for each reason.
    pub fn failed(&self, to: SocketAddr, reason: &str) {
        self.troubles.note(to, reason);
    }

    /// The connection to an address worked: what goes wrong from now on is news.
    pub fn worked(&self, to: SocketAddr) {
        self.troubles.forget(to);
    }
}
