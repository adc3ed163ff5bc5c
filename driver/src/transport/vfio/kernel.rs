//! The calls into the kernel that `vfio-ioctls` leaves out or does not report failures of.

#![allow(unsafe_code)]

use std::io;
use std::ops::RangeInclusive;
use std::os::fd::{AsRawFd, BorrowedFd, IntoRawFd, OwnedFd};

use rustix::ioctl::{NoArg, Opcode, Updater, ioctl};
use vfio_ioctls::VfioContainer;
use vmm_sys_util::eventfd::EventFd;

use crate::SharedMemory;

const VFIO_DEVICE_RESET: Opcode = 0x3b6f;
const VFIO_IOMMU_GET_INFO: Opcode = 0x3b70;
const INFO_WORDS: usize = 512;
const INFO_HAS_CAPABILITIES: u32 = 1 << 1;
const CAPABILITY_IOVA_RANGE: u16 = 1;

/// A descriptor of an object that outlives the borrow.
pub fn borrow(owner: &impl AsRawFd) -> BorrowedFd<'_> {
    // SAFETY: the owner keeps the descriptor open for as long as it is borrowed.
    unsafe { BorrowedFd::borrow_raw(owner.as_raw_fd()) }
}

/// Resets a device at function level.
pub fn reset(device: BorrowedFd<'_>) -> io::Result<()> {
    // SAFETY: the request takes no argument and touches no memory of ours.
    unsafe { ioctl(device, NoArg::<VFIO_DEVICE_RESET>::new())? };
    Ok(())
}

/// The addresses that the IOMMU of a container can map.
pub fn dma_ranges(container: BorrowedFd<'_>) -> io::Result<Vec<RangeInclusive<u64>>> {
    let mut info = [0u64; INFO_WORDS];
    info[0] = size_of_val(&info) as u64;
    // SAFETY: the request writes `argsz` bytes at most, which the first word says are those of the buffer.
    unsafe { ioctl(container, Updater::<VFIO_IOMMU_GET_INFO, _>::new(&mut info))? };
    let bytes: Vec<u8> = info.iter().flat_map(|word| word.to_le_bytes()).collect();
    parse_ranges(&bytes).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "the IOMMU names no address ranges"))
}

/// Walks the capabilities behind `vfio_iommu_type1_info` to the list of ranges.
fn parse_ranges(info: &[u8]) -> Option<Vec<RangeInclusive<u64>>> {
    let word = |at: usize| Some(u32::from_le_bytes(info.get(at..at + 4)?.try_into().ok()?));
    let long = |at: usize| Some(u64::from_le_bytes(info.get(at..at + 8)?.try_into().ok()?));
    if word(4)? & INFO_HAS_CAPABILITIES == 0 {
        return None;
    }
    let mut at = word(16)? as usize;
    while at != 0 {
        let next = word(at + 4)? as usize;
        if word(at)? as u16 == CAPABILITY_IOVA_RANGE {
            let count = word(at + 8)? as usize;
            return (0..count).map(|i| Some(long(at + 16 + 16 * i)?..=long(at + 24 + 16 * i)?)).collect();
        }
        // A list that does not advance would never end.
        at = if next > at { next } else { 0 };
    }
    None
}

/// Pins memory and maps it.
pub fn map(container: &VfioContainer, memory: &SharedMemory, address: u64) -> Result<(), vfio_ioctls::VfioError> {
    // SAFETY: `SharedMemory` gives out no references, all its accesses are atomic, and the caller keeps it until it is
    // unmapped or the container is closed.
    unsafe { container.vfio_dma_map(address, memory.bytes(), memory.as_ptr()) }
}

/// The type that `vfio-ioctls` wants an event in.
pub fn event(descriptor: OwnedFd) -> EventFd {
    use std::os::fd::FromRawFd;
    // SAFETY: the descriptor is owned and handed over.
    unsafe { EventFd::from_raw_fd(descriptor.into_raw_fd()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn info(flags: u32, capabilities: &[(u16, u32, &[u64])]) -> Vec<u8> {
        let mut bytes =
            [24u32, flags, 4096, 0, if capabilities.is_empty() { 0 } else { 24 }, 0].map(u32::to_le_bytes).concat();
        for (id, next, ranges) in capabilities {
            bytes.extend(id.to_le_bytes());
            bytes.extend([1, 0]);
            bytes.extend(next.to_le_bytes());
            bytes.extend((ranges.len() as u32 / 2).to_le_bytes());
            bytes.extend([0; 4]);
            bytes.extend(ranges.iter().flat_map(|word| word.to_le_bytes()));
        }
        bytes
    }

    #[test]
    fn ranges_are_found_behind_other_capabilities() {
        let bytes = info(2, &[(3, 40, &[]), (1, 0, &[0, 0xfedf_ffff, 0xfef0_0000, 1 << 39])]);
        assert_eq!(parse_ranges(&bytes), Some(vec![0..=0xfedf_ffff, 0xfef0_0000..=1 << 39]));
    }

    #[test]
    fn damaged_lists_end() {
        assert_eq!(parse_ranges(&info(0, &[(1, 0, &[0, 1])])), None, "no capabilities flagged");
        assert_eq!(parse_ranges(&info(2, &[(3, 24, &[])])), None, "points at itself");
        assert_eq!(parse_ranges(&info(2, &[(3, 4000, &[])])), None, "points outside");
        assert_eq!(parse_ranges(&info(2, &[(1, 0, &[0, 1])])[..50]), None, "cut off");
    }
}
