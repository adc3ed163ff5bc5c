//! Memory that a device reads and writes behind the compiler's back.
//!
//! A memory file (memfd), mapped shared: its descriptor can be handed to another process, its pages can be pinned by the
//! kernel, on huge pages where the transport and the system have them. No Rust reference to the bytes ever exists:
//! a device may change them at any time, so every access goes through atomics, checked against the length.

#![allow(unsafe_code)]

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};

use rustix::fs::{MemfdFlags, ftruncate, memfd_create};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap, munmap};

/// Bytes of a huge page on the machines that carry cards.
pub const HUGE_PAGE: usize = 2 << 20;

/// Shared memory, zero at first.
#[derive(Debug)]
pub struct SharedMemory {
    file: OwnedFd,
    base: NonNull<u8>,
    bytes: usize,
}

// SAFETY: the mapping belongs to no thread and every access is atomic.
unsafe impl Send for SharedMemory {}
// SAFETY: as above.
unsafe impl Sync for SharedMemory {}

/// An access outside the memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("access to {length} bytes at {offset} of a buffer of {bytes} bytes")]
pub struct OutOfBounds {
    /// First byte.
    pub offset: usize,
    /// Bytes.
    pub length: usize,
    /// Bytes there are.
    pub bytes: usize,
}

impl SharedMemory {
    /// Allocates at least `bytes` bytes; on huge pages, if asked for and there are enough of them.
    ///
    /// # Errors
    /// The system has no memory or no descriptor left.
    pub fn new(bytes: usize, huge: bool) -> std::io::Result<Self> {
        if huge && let Ok(memory) = Self::create(bytes.next_multiple_of(HUGE_PAGE), MemfdFlags::HUGETLB) {
            return Ok(memory);
        }
        Ok(Self::create(bytes.next_multiple_of(rustix::param::page_size()), MemfdFlags::empty())?)
    }

    fn create(bytes: usize, flags: MemfdFlags) -> Result<Self, Errno> {
        let file = memfd_create("penstock-dma", flags | MemfdFlags::CLOEXEC)?;
        ftruncate(&file, bytes as u64)?;
        let protection = ProtFlags::READ | ProtFlags::WRITE;
        // SAFETY: a fresh mapping at an address of the kernel's choice touches no memory of ours.
        let base = unsafe { mmap(std::ptr::null_mut(), bytes, protection, MapFlags::SHARED, &file, 0)? };
        Ok(Self { file, base: NonNull::new(base.cast()).ok_or(Errno::NOMEM)?, bytes })
    }

    /// Bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// The first byte, for the kernel to map; to be accessed through this type alone.
    pub fn as_ptr(&self) -> *mut u8 {
        self.base.as_ptr()
    }

    /// The memory file.
    pub fn file(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// [`OutOfBounds`].
    pub fn read(&self, offset: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.check(offset, out.len())?;
        let head = self.head(offset, out.len());
        let (head, rest) = out.split_at_mut(head);
        let (words, tail) = rest.as_chunks_mut::<8>();
        let mut at = offset;
        for byte in head {
            *byte = self.byte(at).load(Ordering::Relaxed);
            at += 1;
        }
        for word in words {
            *word = self.word(at).load(Ordering::Relaxed).to_ne_bytes();
            at += 8;
        }
        for byte in tail {
            *byte = self.byte(at).load(Ordering::Relaxed);
            at += 1;
        }
        Ok(())
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// [`OutOfBounds`].
    pub fn write(&self, offset: usize, data: &[u8]) -> Result<(), OutOfBounds> {
        self.check(offset, data.len())?;
        let (head, rest) = data.split_at(self.head(offset, data.len()));
        let (words, tail) = rest.as_chunks::<8>();
        let mut at = offset;
        for byte in head {
            self.byte(at).store(*byte, Ordering::Relaxed);
            at += 1;
        }
        for word in words {
            self.word(at).store(u64::from_ne_bytes(*word), Ordering::Relaxed);
            at += 8;
        }
        for byte in tail {
            self.byte(at).store(*byte, Ordering::Relaxed);
            at += 1;
        }
        Ok(())
    }

    /// Reads an aligned little-endian word; what was written before the word is visible afterwards.
    ///
    /// # Errors
    /// [`OutOfBounds`], also if `offset` is no multiple of eight.
    pub fn load_acquire(&self, offset: usize) -> Result<u64, OutOfBounds> {
        self.check(offset, 8)?;
        if !offset.is_multiple_of(8) {
            return Err(OutOfBounds { offset, length: 8, bytes: self.bytes });
        }
        Ok(u64::from_le(self.word(offset).load(Ordering::Acquire)))
    }

    fn check(&self, offset: usize, length: usize) -> Result<(), OutOfBounds> {
        match offset.checked_add(length) {
            Some(end) if end <= self.bytes => Ok(()),
            _ => Err(OutOfBounds { offset, length, bytes: self.bytes }),
        }
    }

    /// Bytes before the first aligned word.
    fn head(&self, offset: usize, length: usize) -> usize {
        (offset.next_multiple_of(8) - offset).min(length)
    }

    /// `at` has been checked.
    fn byte(&self, at: usize) -> &AtomicU8 {
        debug_assert!(at < self.bytes);
        // SAFETY: within the mapping, which lives as long as `self`; atomics may alias a device's accesses.
        unsafe { AtomicU8::from_ptr(self.base.as_ptr().add(at)) }
    }

    /// `at` has been checked and is a multiple of eight.
    fn word(&self, at: usize) -> &AtomicU64 {
        debug_assert!(at + 8 <= self.bytes && at.is_multiple_of(8));
        // SAFETY: as in `byte`; the mapping is page-aligned, so the word is aligned.
        unsafe { AtomicU64::from_ptr(self.base.as_ptr().add(at).cast()) }
    }
}

impl Drop for SharedMemory {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours, and nothing refers to it any more. Pages that the kernel pinned for a device stay
        // pinned, out of anybody else's hands, until they are unmapped from it. Failure would mean it was not mapped.
        let _ = unsafe { munmap(self.base.as_ptr().cast(), self.bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;
    use std::os::unix::fs::FileExt;

    #[test]
    fn what_is_written_at_any_offset_is_in_the_file_and_nowhere_else() {
        let memory = SharedMemory::new(4096, false).unwrap();
        let file = File::from(memory.file().try_clone_to_owned().unwrap());
        for offset in [0, 1, 7, 8, 9, 63, 64, 4096 - 40] {
            for length in [0, 1, 7, 8, 9, 31, 40] {
                let data: Vec<u8> = (1..=length).collect();
                file.write_all_at(&[0xee; 4096], 0).unwrap();
                memory.write(offset, &data).unwrap();
                let mut seen = vec![0; 4096];
                file.read_exact_at(&mut seen, 0).unwrap();
                let mut expected = vec![0xee; 4096];
                expected[offset..offset + data.len()].copy_from_slice(&data);
                assert_eq!(seen, expected);
                let mut back = vec![0; data.len()];
                memory.read(offset, &mut back).unwrap();
                assert_eq!(back, data);
            }
        }
    }

    #[test]
    fn accesses_outside_are_refused() {
        let memory = SharedMemory::new(100, false).unwrap();
        assert_eq!(memory.bytes(), rustix::param::page_size());
        let bytes = memory.bytes();
        assert!(memory.read(bytes, &mut [0]).is_err());
        assert!(memory.write(bytes - 1, &[0, 0]).is_err());
        assert!(memory.read(usize::MAX, &mut [0; 2]).is_err());
        assert!(memory.load_acquire(bytes - 4).is_err());
        assert!(memory.load_acquire(4).is_err());
        assert!(memory.read(bytes, &mut []).is_ok());
    }
}
