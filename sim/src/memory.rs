//! Host memory as a device reaches it: ranges of addresses, each a piece of a memory file.

use std::collections::{BTreeMap, HashMap};
use std::fs::File;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::sync::{Arc, PoisonError, RwLock, Weak};

use crate::DmaFault;

/// The memory that has been mapped for a device.
///
/// A virtual IOMMU maps page by page, each with a descriptor of the same file: one is kept a file. The table stays
/// locked for each access, so that once [`HostMemory::unmap`] returns, none is left.
#[derive(Debug, Default)]
pub struct HostMemory(RwLock<Table>);

#[derive(Debug, Default)]
struct Table {
    ranges: BTreeMap<u64, Mapping>,
    /// By device and inode.
    files: HashMap<(u64, u64), Weak<File>>,
}

/// A mapped range.
#[derive(Clone, Debug)]
pub struct Mapping {
    /// Bytes.
    pub bytes: u64,
    /// The file.
    pub file: Arc<File>,
    /// Where in the file the range begins.
    pub offset: u64,
    /// The device may read it.
    pub readable: bool,
    /// The device may write it.
    pub writable: bool,
}

/// Why a range cannot be mapped or unmapped.
#[derive(Debug, thiserror::Error)]
pub enum MapError {
    /// Empty, or beyond the last address.
    #[error("{bytes} bytes at {address:#x} are no range of addresses")]
    Range {
        /// First address.
        address: u64,
        /// Bytes.
        bytes: u64,
    },
    /// Some of it is mapped already.
    #[error("{address:#x} is mapped already")]
    Overlap {
        /// First address.
        address: u64,
    },
    /// The file is shorter than the range.
    #[error("the file ends at {file_bytes}, before the range mapped from it")]
    File {
        /// Length of the file.
        file_bytes: u64,
    },
    /// The file cannot be looked at.
    #[error("the file cannot be examined: {0}")]
    Io(#[from] std::io::Error),
    /// No range begins there with that length.
    #[error("no range of {bytes} bytes is mapped at {address:#x}")]
    Unmapped {
        /// First address.
        address: u64,
        /// Bytes.
        bytes: u64,
    },
}

impl HostMemory {
    /// Maps a range.
    ///
    /// # Errors
    /// The range is empty, taken, or longer than its file.
    pub fn map(&self, address: u64, mut mapping: Mapping) -> Result<(), MapError> {
        let bytes = mapping.bytes;
        let range = || MapError::Range { address, bytes };
        let last = bytes.checked_sub(1).and_then(|bytes| address.checked_add(bytes)).ok_or_else(range)?;
        let end = mapping.offset.checked_add(bytes).ok_or_else(range)?;
        let metadata = mapping.file.metadata()?;
        if metadata.len() < end {
            return Err(MapError::File { file_bytes: metadata.len() });
        }
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if let Some((start, before)) = table.ranges.range(..=last).next_back()
            && start + (before.bytes - 1) >= address
        {
            return Err(MapError::Overlap { address });
        }
        let identity = (metadata.dev(), metadata.ino());
        match table.files.get(&identity).and_then(Weak::upgrade) {
            Some(file) => mapping.file = file,
            None => {
                table.files.retain(|_, file| file.strong_count() > 0);
                table.files.insert(identity, Arc::downgrade(&mapping.file));
            }
        }
        table.ranges.insert(address, mapping);
        Ok(())
    }

    /// Unmaps a range that was mapped.
    ///
    /// # Errors
    /// [`MapError::Unmapped`].
    pub fn unmap(&self, address: u64, bytes: u64) -> Result<(), MapError> {
        let mut table = self.0.write().unwrap_or_else(PoisonError::into_inner);
        if table.ranges.get(&address).is_none_or(|mapping| mapping.bytes != bytes) {
            return Err(MapError::Unmapped { address, bytes });
        }
        table.ranges.remove(&address);
        Ok(())
    }

    /// Unmaps everything.
    pub fn clear(&self) {
        self.0.write().unwrap_or_else(PoisonError::into_inner).ranges.clear();
    }

    /// Ranges mapped.
    pub fn ranges(&self) -> usize {
        self.0.read().unwrap_or_else(PoisonError::into_inner).ranges.len()
    }

    /// Reads bytes.
    ///
    /// # Errors
    /// [`DmaFault`] at the first address that is not mapped for reading.
    pub fn read(&self, address: u64, out: &mut [u8]) -> Result<(), DmaFault> {
        let readable = |mapping: &Mapping| mapping.readable;
        self.each_piece(address, out.len(), readable, |file, offset, piece| file.read_exact_at(&mut out[piece], offset))
    }

    /// Writes bytes.
    ///
    /// # Errors
    /// [`DmaFault`] at the first address that is not mapped for writing; what precedes it has been written.
    pub fn write(&self, address: u64, data: &[u8]) -> Result<(), DmaFault> {
        let writable = |mapping: &Mapping| mapping.writable;
        self.each_piece(address, data.len(), writable, |file, offset, piece| file.write_all_at(&data[piece], offset))
    }

    fn each_piece(
        &self,
        address: u64,
        length: usize,
        allowed: impl Fn(&Mapping) -> bool,
        mut access: impl FnMut(&File, u64, std::ops::Range<usize>) -> std::io::Result<()>,
    ) -> Result<(), DmaFault> {
        let table = self.0.read().unwrap_or_else(PoisonError::into_inner);
        let mut done = 0;
        while done < length {
            let at = address.checked_add(done as u64).ok_or(DmaFault { address })?;
            let fault = DmaFault { address: at };
            let (start, mapping) = table.ranges.range(..=at).next_back().ok_or(fault)?;
            let inside = at - start;
            if inside >= mapping.bytes || !allowed(mapping) {
                return Err(fault);
            }
            let piece = (mapping.bytes - inside).min((length - done) as u64) as usize;
            access(&mapping.file, mapping.offset + inside, done..done + piece).map_err(|_| fault)?;
            done += piece;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(bytes: &[u8]) -> Arc<File> {
        let file = tempfile::tempfile().unwrap();
        file.write_all_at(bytes, 0).unwrap();
        Arc::new(file)
    }

    fn piece(file: &Arc<File>, offset: u64, bytes: u64) -> Mapping {
        Mapping { bytes, file: file.clone(), offset, readable: true, writable: true }
    }

    #[test]
    fn accesses_run_across_adjacent_ranges_and_stop_at_gaps() {
        let memory = HostMemory::default();
        let file = file(b"abcdefgh");
        memory.map(100, piece(&file, 4, 4)).unwrap();
        memory.map(104, piece(&file, 0, 4)).unwrap();
        let mut out = [0; 6];
        memory.read(101, &mut out).unwrap();
        assert_eq!(&out, b"fghabc");
        memory.write(103, b"XY").unwrap();
        memory.read(100, &mut out).unwrap();
        assert_eq!(&out, b"efgXYb");
        assert_eq!(memory.read(104, &mut out), Err(DmaFault { address: 108 }));
        assert_eq!(memory.read(99, &mut out), Err(DmaFault { address: 99 }));
        assert_eq!(memory.read(u64::MAX, &mut out), Err(DmaFault { address: u64::MAX }));
        memory.unmap(104, 4).unwrap();
        assert_eq!(memory.write(103, b"XY"), Err(DmaFault { address: 104 }));
    }

    #[test]
    fn ranges_that_overlap_overflow_or_outlast_their_file_are_refused() {
        let memory = HostMemory::default();
        let file = file(&[0; 16]);
        memory.map(100, piece(&file, 0, 10)).unwrap();
        for address in [91, 95, 100, 109] {
            let error = memory.map(address, piece(&file, 0, 10)).unwrap_err();
            assert!(matches!(error, MapError::Overlap { .. }), "{address}: {error}");
        }
        memory.map(90, piece(&file, 0, 10)).unwrap();
        memory.map(110, piece(&file, 0, 10)).unwrap();
        assert!(matches!(memory.map(0, piece(&file, 7, 10)), Err(MapError::File { file_bytes: 16 })));
        assert!(matches!(memory.map(0, piece(&file, 0, 0)), Err(MapError::Range { .. })));
        assert!(matches!(memory.map(u64::MAX, piece(&file, 0, 2)), Err(MapError::Range { .. })));
        assert!(matches!(memory.unmap(100, 9), Err(MapError::Unmapped { .. })));
        assert_eq!(memory.ranges(), 3);
    }

    #[test]
    fn permissions_and_truncation_are_faults() {
        let memory = HostMemory::default();
        let file = file(&[1; 16]);
        memory.map(0, Mapping { writable: false, ..piece(&file, 0, 8) }).unwrap();
        memory.map(8, Mapping { readable: false, ..piece(&file, 8, 8) }).unwrap();
        assert_eq!(memory.write(7, &[0]), Err(DmaFault { address: 7 }));
        assert_eq!(memory.read(7, &mut [0; 2]), Err(DmaFault { address: 8 }));
        memory.write(8, &[0]).unwrap();
        file.set_len(4).unwrap();
        assert_eq!(memory.read(0, &mut [0; 8]), Err(DmaFault { address: 0 }));
    }

    #[test]
    fn one_descriptor_is_kept_a_file() {
        let memory = HostMemory::default();
        let first = file(&[0; 64]);
        for page in 0..8 {
            let again = Arc::new(first.try_clone().unwrap());
            memory.map(page * 8, piece(&again, page * 8, 8)).unwrap();
            assert_eq!(Arc::strong_count(&again), if page == 0 { 2 } else { 1 });
        }
    }
}
