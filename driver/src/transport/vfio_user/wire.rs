//! The vfio-user protocol on the wire: one request, one reply.
//!
//! Sixteen bytes of header (message id, command, size, flags, error), then a body; file descriptors travel beside the
//! first bytes. A reply is checked: its id, its command, its size, its error. After a time-out or a malformed reply
//! requests and replies no longer match, so the connection is closed and stays so.

use std::io::{self, ErrorKind, IoSlice, Read, Write};
use std::mem::MaybeUninit;
use std::os::fd::BorrowedFd;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg};

use crate::TransportError;

const HEADER_BYTES: usize = 16;
const FLAG_REPLY: u32 = 1;
const FLAG_TYPE: u32 = 0xf;
const FLAG_ERROR: u32 = 1 << 5;
/// No reply of the commands used here is longer.
const MAX_REPLY_BYTES: usize = 1 << 16;

/// Commands of the protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u16)]
pub enum Command {
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    DeviceInfo = 4,
    RegionInfo = 5,
    IrqInfo = 7,
    SetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,
    Reset = 13,
}

impl Command {
    fn what(self) -> &'static str {
        match self {
            Self::Version => "version negotiation",
            Self::DmaMap => "mapping of memory",
            Self::DmaUnmap => "unmapping of memory",
            Self::DeviceInfo => "device information",
            Self::RegionInfo => "region information",
            Self::IrqInfo => "interrupt information",
            Self::SetIrqs => "connection of interrupts",
            Self::RegionRead => "a read",
            Self::RegionWrite => "a write",
            Self::Reset => "a reset",
        }
    }
}

/// A connection.
#[derive(Debug)]
pub struct Wire {
    /// `None` once requests and replies no longer match.
    stream: Option<UnixStream>,
    next_id: u16,
    limit: Duration,
}

impl Wire {
    /// Speaks over a connected socket; no reply may take longer than `limit`.
    pub fn new(stream: UnixStream, limit: Duration) -> io::Result<Self> {
        stream.set_read_timeout(Some(limit))?;
        stream.set_write_timeout(Some(limit))?;
        Ok(Self { stream: Some(stream), next_id: 0, limit })
    }

    /// Sends a request and returns the body of the reply.
    ///
    /// # Errors
    /// The peer refuses (the connection stays good), is silent, gone, or broke the protocol.
    pub fn request(
        &mut self,
        command: Command,
        body: &[u8],
        descriptor: Option<BorrowedFd<'_>>,
    ) -> Result<Vec<u8>, TransportError> {
        let what = command.what();
        let Some(stream) = &mut self.stream else { return Err(TransportError::Closed { what }) };
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        let reply = send(stream, id, command, body, descriptor).and_then(|()| receive(stream, id, command));
        match reply {
            Ok(Ok(body)) => Ok(body),
            Ok(Err(errno)) => {
                let reason = match errno {
                    0 => "the device gave no reason".to_owned(),
                    errno => io::Error::from_raw_os_error(errno).to_string(),
                };
                Err(TransportError::Refused { what, reason })
            }
            Err(error) => {
                self.stream = None;
                Err(match error.kind() {
                    ErrorKind::WouldBlock | ErrorKind::TimedOut => TransportError::TimedOut { what, after: self.limit },
                    ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe | ErrorKind::ConnectionReset => {
                        TransportError::Closed { what }
                    }
                    ErrorKind::InvalidData => TransportError::Protocol { what, how: error.to_string() },
                    _ => TransportError::Io { what: what.to_owned(), source: error },
                })
            }
        }
    }
}

fn send(
    stream: &mut UnixStream,
    id: u16,
    command: Command,
    body: &[u8],
    descriptor: Option<BorrowedFd<'_>>,
) -> io::Result<()> {
    let mut message = Vec::with_capacity(HEADER_BYTES + body.len());
    message.extend(id.to_le_bytes());
    message.extend((command as u16).to_le_bytes());
    message.extend(((HEADER_BYTES + body.len()) as u32).to_le_bytes());
    message.extend([0; 8]);
    message.extend(body);
    let sent = match &descriptor {
        None => 0,
        Some(descriptor) => {
            let descriptors = std::slice::from_ref(descriptor);
            let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
            let mut beside = SendAncillaryBuffer::new(&mut space);
            beside.push(SendAncillaryMessage::ScmRights(descriptors));
            loop {
                match sendmsg(&*stream, &[IoSlice::new(&message)], &mut beside, SendFlags::NOSIGNAL) {
                    Err(Errno::INTR) => {}
                    sent => break sent?,
                }
            }
        }
    };
    stream.write_all(&message[sent..])
}

/// The body of a reply, or the error number in it.
fn receive(stream: &mut UnixStream, id: u16, command: Command) -> io::Result<Result<Vec<u8>, i32>> {
    let mut header = [0; HEADER_BYTES];
    stream.read_exact(&mut header)?;
    let half = |at: usize| u16::from_le_bytes([header[at], header[at + 1]]);
    let word = |at: usize| u32::from(half(at)) | u32::from(half(at + 2)) << 16;
    let (size, flags) = (word(4) as usize, word(8));
    let invalid = |how: String| Err(io::Error::new(ErrorKind::InvalidData, how));
    if half(0) != id || half(2) != command as u16 || flags & FLAG_TYPE != FLAG_REPLY {
        return invalid(format!("a reply to request {id} came as {header:02x?}"));
    }
    let Some(length) = size.checked_sub(HEADER_BYTES).filter(|length| *length <= MAX_REPLY_BYTES) else {
        return invalid(format!("a reply of {size} bytes"));
    };
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(if flags & FLAG_ERROR == 0 { Ok(body) } else { Err(word(12) as i32) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_millis(50);

    /// A wire whose peer answers the first request with these bytes and hangs up, or keeps silent.
    fn peer(answer: Option<Vec<u8>>) -> (Wire, std::thread::JoinHandle<()>) {
        let (ours, mut theirs) = UnixStream::pair().unwrap();
        let thread = std::thread::spawn(move || {
            let mut request = [0; HEADER_BYTES];
            theirs.read_exact(&mut request).unwrap();
            match answer {
                Some(answer) => theirs.write_all(&answer).unwrap(),
                None => drop(theirs.read(&mut request)),
            }
        });
        (Wire::new(ours, LIMIT).unwrap(), thread)
    }

    fn reply(id: u16, command: Command, flags: u32, error: u32, body: &[u8]) -> Vec<u8> {
        let mut bytes = [id.to_le_bytes(), (command as u16).to_le_bytes()].concat();
        bytes.extend(((HEADER_BYTES + body.len()) as u32).to_le_bytes());
        bytes.extend(flags.to_le_bytes());
        bytes.extend(error.to_le_bytes());
        bytes.extend(body);
        bytes
    }

    fn outcome(answer: Option<Vec<u8>>) -> Result<Vec<u8>, TransportError> {
        let (mut wire, thread) = peer(answer);
        let outcome = wire.request(Command::Reset, &[], None);
        drop(wire);
        thread.join().unwrap();
        outcome
    }

    #[test]
    fn a_reply_gives_its_body() {
        let body = outcome(Some(reply(0, Command::Reset, FLAG_REPLY, 0, &[1, 2, 3]))).unwrap();
        assert_eq!(body, [1, 2, 3]);
    }

    #[test]
    fn an_error_reply_is_a_refusal_even_without_a_number() {
        for (number, part) in [(22, "Invalid argument"), (0, "no reason")] {
            let error = outcome(Some(reply(0, Command::Reset, FLAG_REPLY | FLAG_ERROR, number, &[]))).unwrap_err();
            assert!(matches!(&error, TransportError::Refused { reason, .. } if reason.contains(part)), "{error}");
        }
    }

    #[test]
    fn silence_times_out_and_closes_the_connection() {
        let (mut wire, thread) = peer(None);
        let error = wire.request(Command::Reset, &[], None).unwrap_err();
        assert!(matches!(error, TransportError::TimedOut { .. }), "{error}");
        let error = wire.request(Command::Reset, &[], None).unwrap_err();
        assert!(matches!(error, TransportError::Closed { .. }), "{error}");
        thread.join().unwrap();
    }

    #[test]
    fn a_peer_that_hangs_up_is_noticed() {
        for part in [vec![], reply(0, Command::Reset, FLAG_REPLY, 0, &[9; 40])[..30].to_vec()] {
            let error = outcome(Some(part)).unwrap_err();
            assert!(matches!(error, TransportError::Closed { .. }), "{error}");
        }
    }

    #[test]
    fn replies_that_do_not_match_break_the_protocol() {
        let mut huge = reply(0, Command::Reset, FLAG_REPLY, 0, &[]);
        huge[4..8].copy_from_slice(&u32::MAX.to_le_bytes());
        let mut short = reply(0, Command::Reset, FLAG_REPLY, 0, &[]);
        short[4] = 15;
        for answer in [
            reply(1, Command::Reset, FLAG_REPLY, 0, &[]),
            reply(0, Command::Version, FLAG_REPLY, 0, &[]),
            reply(0, Command::Reset, 0, 0, &[]),
            huge,
            short,
        ] {
            let error = outcome(Some(answer)).unwrap_err();
            assert!(matches!(error, TransportError::Protocol { .. }), "{error}");
        }
    }
}
