//! An event counter that an interrupt sets and a thread sleeps on.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::event::{EventfdFlags, PollFd, PollFlags, Timespec, eventfd, poll};
use rustix::io::Errno;

/// An eventfd.
#[derive(Debug)]
pub struct Event(OwnedFd);

impl Event {
    /// A new event, not raised.
    ///
    /// # Errors
    /// No descriptor is left.
    pub fn new() -> io::Result<Self> {
        Ok(Self(eventfd(0, EventfdFlags::CLOEXEC | EventfdFlags::NONBLOCK)?))
    }

    /// Raises it, as an interrupt does.
    ///
    /// # Errors
    /// The descriptor is broken.
    pub fn raise(&self) -> io::Result<()> {
        match rustix::io::write(&self.0, &1u64.to_ne_bytes()) {
            // A full counter is raised enough.
            Ok(_) | Err(Errno::AGAIN) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Sleeps until it is raised, at most for `limit`, and lowers it; whether it was raised.
    ///
    /// # Errors
    /// The descriptor is broken.
    pub fn wait(&self, limit: Duration) -> io::Result<bool> {
        let limit = Timespec { tv_sec: limit.as_secs() as i64, tv_nsec: limit.subsec_nanos().into() };
        match poll(&mut [PollFd::new(&self.0, PollFlags::IN)], Some(&limit)) {
            Ok(_) | Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
        match rustix::io::read(&self.0, &mut [0; 8]) {
            Ok(_) => Ok(true),
            Err(Errno::AGAIN | Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for Event {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl From<OwnedFd> for Event {
    fn from(descriptor: OwnedFd) -> Self {
        Self(descriptor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_lowers_what_was_raised() {
        let event = Event::new().unwrap();
        assert!(!event.wait(Duration::ZERO).unwrap());
        event.raise().unwrap();
        event.raise().unwrap();
        assert!(event.wait(Duration::from_secs(60)).unwrap());
        assert!(!event.wait(Duration::ZERO).unwrap());
    }
}
