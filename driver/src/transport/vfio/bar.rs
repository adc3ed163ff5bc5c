//! BAR 0 of a real card, mapped into the process.

#![allow(unsafe_code)]

use std::io;
use std::os::fd::BorrowedFd;
use std::ptr::NonNull;

use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

use crate::transport::{TransportError, check_register};

/// A register window.
#[derive(Debug)]
pub struct Bar {
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to no thread; single volatile accesses are what the bus makes of them.
unsafe impl Send for Bar {}
// SAFETY: as above.
unsafe impl Sync for Bar {}

impl Bar {
    /// Maps `bytes` bytes of a device from `offset` on.
    pub fn map(device: BorrowedFd<'_>, offset: u64, bytes: usize) -> io::Result<Self> {
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe { mmap(std::ptr::null_mut(), bytes, protection, MapFlags::SHARED, device, offset)? };
        let base = NonNull::new(base.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { base, bytes })
    }

    /// Reads a register.
    pub fn read(&self, offset: u32) -> Result<u32, TransportError> {
        check_register(offset, self.bytes as u64)?;
        // SAFETY: aligned and within the mapping, as just checked; volatile, since the device may change it.
        Ok(u32::from_le(unsafe { self.base.as_ptr().add(offset as usize).cast::<u32>().read_volatile() }))
    }

    /// Writes a register, after everything that was written to memory before.
    pub fn write(&self, offset: u32, value: u32) -> Result<(), TransportError> {
        check_register(offset, self.bytes as u64)?;
        std::sync::atomic::fence(std::sync::atomic::Ordering::SeqCst);
        // SAFETY: as in `read`.
        unsafe { self.base.as_ptr().add(offset as usize).cast::<u32>().write_volatile(value.to_le()) };
        Ok(())
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and no reference to it exists. Failure would mean it was not mapped.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}
