//! Handshakes, on a thread where they keep nobody waiting.
//!
//! The socket stays registered with the runtime it was opened on, which tells the handshake when
//! there is something to read; only the computing moves.

use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::thread;
use std::time::Duration;

use openssl::error::ErrorStack;
use openssl::ssl::{Ssl, SslContext};
use tokio::net::TcpStream;
use tokio::runtime::{self, Handle};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_openssl::SslStream;

use super::Naming;
use super::failure::{Failure, library_text};
use super::stream::TlsStream;

/// How long a client may take for its handshake: many times what the slowest honest one takes.
const PATIENCE: Duration = Duration::from_secs(10);

/// A thread that only shakes hands. It ends when this is dropped, and with it all that is still
/// running on it.
pub struct HandshakeThread {
    runtime: Handle,
    _running: oneshot::Sender<()>,
}

impl HandshakeThread {
    pub fn start(name: &str) -> io::Result<Self> {
        let runtime = runtime::Builder::new_current_thread()
            .enable_time()
            .build()?;
        let handle = runtime.handle().clone();
        let (running, ended) = oneshot::channel::<()>();
        let shake = move || {
            // Its only message is that nobody needs the thread any more.
            let _ = runtime.block_on(ended);
        };
        thread::Builder::new().name(name.to_owned()).spawn(shake)?;
        Ok(HandshakeThread {
            runtime: handle,
            _running: running,
        })
    }

    /// Runs a handshake there; it ends early when this future is dropped.
    pub async fn run(
        &self,
        shake: impl Future<Output = Result<TlsStream, Failure>> + Send + 'static,
    ) -> Result<TlsStream, Failure> {
        let ended = Abandoned(self.runtime.spawn(shake)).await;
        ended.unwrap_or_else(|_| Err(Failure::because("the process is ending")))
    }
}

/// A task that ends with whoever waits for it.
struct Abandoned<T>(JoinHandle<T>);

impl<T> Future for Abandoned<T> {
    type Output = Result<T, tokio::task::JoinError>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        Pin::new(&mut self.0).poll(cx)
    }
}

impl<T> Drop for Abandoned<T> {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// The handshake of a client that has connected to us.
pub async fn accept(context: &SslContext, stream: TcpStream) -> Result<TlsStream, Failure> {
    let shake = async {
        // Whoever says nothing costs us a socket and no more.
        match stream.peek(&mut [0]).await {
            Ok(0) => {
                return Err(Failure {
                    said_nothing: true,
                    ..Failure::because("the other end closed the connection")
                });
            }
            Ok(_) => {}
            Err(error) => return Err(Failure::because(error.kind().to_string())),
        }
        let mut stream = wrap(Ssl::new(context), stream)?;
        match Pin::new(&mut stream).accept().await {
            Ok(()) => Ok(TlsStream::new(stream)),
            Err(error) => Err(Failure::of_handshake(&error, stream.ssl())),
        }
    };
    let too_long = || Failure::because("the TLS handshake took too long");
    timeout(PATIENCE, shake)
        .await
        .unwrap_or_else(|_| Err(too_long()))
}

/// Our handshake with a server or another sentinel.
pub async fn connect(
    context: &SslContext,
    stream: TcpStream,
    naming: &Naming,
    host: &str,
) -> Result<TlsStream, Failure> {
    let name = naming.name_of(host);
    if name.is_some_and(|name| name.contains('\0')) {
        return Err(Failure::because("no name contains a NUL"));
    }
    let ssl = Ssl::new(context).and_then(|mut ssl| {
        if let Some(name) = name {
            set_name(&mut ssl, name, naming.verify)?;
        }
        Ok(ssl)
    });
    let mut stream = wrap(ssl, stream)?;
    match Pin::new(&mut stream).connect().await {
        Ok(()) => Ok(TlsStream::new(stream)),
        Err(error) => Err(Failure::of_handshake(&error, stream.ssl())),
    }
}

fn set_name(ssl: &mut Ssl, name: &str, verify: bool) -> Result<(), ErrorStack> {
    // A name is asked for, an IP is not: RFC 6066, section 3.
    let ip = name.parse::<IpAddr>().ok();
    if ip.is_none() {
        ssl.set_hostname(name)?;
    }
    match ip {
        _ if !verify => Ok(()),
        Some(ip) => ssl.param_mut().set_ip(ip),
        None => ssl.param_mut().set_host(name),
    }
}

fn wrap(ssl: Result<Ssl, ErrorStack>, stream: TcpStream) -> Result<SslStream<TcpStream>, Failure> {
    ssl.and_then(|ssl| SslStream::new(ssl, stream))
        .map_err(|stack| Failure::because(library_text(&stack)))
}
