//! Meetings in person on one machine: what the wallet and the reader share.
//!
//! A TCP connection on this machine stands for Bluetooth: the wallet waits on a port, which its engagement names by a
//! retrieval method of our own, and the reader connects to it. Everything above is the protocol of ISO 18013-5 as it
//! would go by radio; the messages are framed by their length, since a stream has no ends of messages.

mod qr;
pub(crate) mod reader;

use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::time::Duration;

use wallet_core::codec::CborValue;
use wallet_core::protocol::mdoc::RetrievalMethod;
use wallet_core::time::Timestamp;

pub(crate) use qr::print_qr;

/// The type of our retrieval method: far from those of the standard, whose readers pass it over ("mappe" in ASCII).
const SOCKET: u64 = 0x006d_6170_7065;
/// Its version.
const VERSION: u64 = 1;
/// A response with a portrait is smaller; it is also what a parser accepts.
const LONGEST_FRAME: usize = 4 << 20;
/// How long to look for the other side before trying again.
const PAUSE: Duration = Duration::from_millis(20);

/// The retrieval method that names a socket of this machine.
pub(crate) fn method(address: SocketAddr) -> RetrievalMethod {
    RetrievalMethod::Other {
        kind: SOCKET,
        version: VERSION,
        options: CborValue::text(address.to_string()),
    }
}

/// The socket that an engagement names. An engagement comes from a stranger: only this machine is contacted
/// (lessons S14).
pub(crate) fn address(methods: &[RetrievalMethod]) -> Option<SocketAddr> {
    let mut addresses = methods.iter().filter_map(|method| match method {
        RetrievalMethod::Other {
            kind: SOCKET,
            version: VERSION,
            options,
        } => options.as_str()?.parse::<SocketAddr>().ok(),
        _ => None,
    });
    addresses.find(|address| address.ip().is_loopback())
}

/// One side of a connection.
pub(crate) struct Link(TcpStream);

/// What came, or why nothing did.
pub(crate) enum Arrived {
    /// The connection is gone.
    Cut,
    /// A message.
    Message(Vec<u8>),
    /// Nothing came in time.
    Nothing,
}

impl Link {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        stream.set_nodelay(true)?;
        Ok(Self(stream))
    }

    pub(crate) fn connect(address: SocketAddr) -> io::Result<Self> {
        Self::new(TcpStream::connect_timeout(&address, Duration::from_secs(10))?)
    }

    pub(crate) fn send(&mut self, message: &[u8]) -> io::Result<()> {
        let length = u32::try_from(message.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
        self.0.write_all(&length.to_be_bytes())?;
        self.0.write_all(message)?;
        self.0.flush()
    }

    /// Waits for a message until this time.
    pub(crate) fn receive(&mut self, until: Timestamp) -> Arrived {
        let left = u64::try_from(until.since(wallet_server::now())).unwrap_or(0).max(1);
        let read = self.0.set_read_timeout(Some(Duration::from_secs(left)));
        match read.and_then(|()| self.frame()) {
            Ok(message) => Arrived::Message(message),
            Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut) => {
                Arrived::Nothing
            }
            Err(_) => Arrived::Cut,
        }
    }

    fn frame(&mut self) -> io::Result<Vec<u8>> {
        let mut length = [0; 4];
        self.0.read_exact(&mut length)?;
        let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(usize::MAX);
        if length > LONGEST_FRAME {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut message = Vec::new();
        // Grows with what comes, not with what is promised.
        (&mut self.0).take(length as u64).read_to_end(&mut message)?;
        match message.len() == length {
            true => Ok(message),
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Lets the other side read what was sent, and hangs up.
    pub(crate) fn hang_up(self) {
        let _ = self.0.shutdown(Shutdown::Write);
    }
}

/// Waits for somebody to connect, until this time.
pub(crate) fn accept(listener: &std::net::TcpListener, until: Timestamp) -> io::Result<Option<Link>> {
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((stream, _)) => return Link::new(stream).map(Some),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
        if wallet_server::now() > until {
            return Ok(None);
        }
        std::thread::sleep(PAUSE);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_this_machine_is_contacted() {
        let ours = method("127.0.0.1:4711".parse().expect("an address"));
        assert_eq!(address(&[ours]).map(|address| address.port()), Some(4711));
        assert_eq!(address(&[method("192.0.2.1:80".parse().expect("an address"))]), None);
        assert_eq!(
            address(&[method("[::1]:80".parse().expect("an address"))]).map(|at| at.port()),
            Some(80)
        );
        let other = RetrievalMethod::Other {
            kind: 9,
            version: 1,
            options: CborValue::text("127.0.0.1:1"),
        };
        assert_eq!(address(&[other]), None);
    }
}
