//! An encrypted connection after its handshake.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, Waker};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio_openssl::SslStream;

use super::failure;

/// An encrypted connection. Dropping it says goodbye to the other end, if the socket takes that
/// at once.
#[derive(Debug)]
pub struct TlsStream(SslStream<TcpStream>);

impl TlsStream {
    pub(super) fn new(stream: SslStream<TcpStream>) -> Self {
        TlsStream(stream)
    }

    /// The socket beneath.
    pub fn socket(&self) -> &TcpStream {
        self.0.get_ref()
    }

    fn inner(self: Pin<&mut Self>) -> Pin<&mut SslStream<TcpStream>> {
        Pin::new(&mut self.get_mut().0)
    }
}

impl Drop for TlsStream {
    fn drop(&mut self) {
        let mut nobody = Context::from_waker(Waker::noop());
        let _ = Pin::new(&mut self.0).poll_shutdown(&mut nobody);
    }
}

impl AsyncRead for TlsStream {
    fn poll_read(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.inner().poll_read(cx, buf) {
            // Many programs end without the goodbye of TLS. Requests and replies say themselves
            // where they end, so nothing is lost by taking it for one.
            Poll::Ready(Err(error)) if failure::is_sudden_end(&error) => Poll::Ready(Ok(())),
            other => other.map_err(failure::plain),
        }
    }
}

impl AsyncWrite for TlsStream {
    fn poll_write(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.inner().poll_write(cx, buf).map_err(failure::plain)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_flush(cx).map_err(failure::plain)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.inner().poll_shutdown(cx).map_err(failure::plain)
    }
}
