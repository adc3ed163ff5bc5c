//! DMA memory: mapped once, handed out in buffers.
//!
//! Mapping is slow (the kernel pins every page, a virtual IOMMU replays them one by one), so memory is mapped in large
//! segments that stay mapped until the pool goes. Buffers are cut from them first fit, in whole pages, and return
//! when dropped. A pool outlives its buffers, and unmaps before its memory is given back.

use std::collections::BTreeMap;
use std::ops::RangeInclusive;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::memory::OutOfBounds;
use crate::{CardError, SharedMemory, Transport, TransportError};

/// Granularity of buffers.
const PAGE: usize = 4096;
/// Alignment of segments, so that huge pages map as such.
const SEGMENT_ALIGNMENT: u64 = 2 << 20;
/// Addresses below are left out: a null pointer should fault, and PCs reserve them.
const LOWEST_ADDRESS: u64 = 1 << 20;

/// The memory that a card may touch.
pub struct Pool {
    transport: Arc<dyn Transport>,
    ranges: Vec<RangeInclusive<u64>>,
    segment_bytes: usize,
    limit: usize,
    segments: Mutex<Vec<Segment>>,
}

struct Segment {
    memory: Arc<SharedMemory>,
    address: u64,
    /// Free runs: offset to length.
    free: BTreeMap<usize, usize>,
}

impl Pool {
    /// An empty pool that grows in steps of `segment_bytes` up to `limit` bytes, within `address_bits` bits.
    ///
    /// # Errors
    /// The transport does not say where memory may be mapped.
    pub fn new(
        transport: Arc<dyn Transport>,
        address_bits: u32,
        segment_bytes: usize,
        limit: usize,
    ) -> Result<Arc<Self>, TransportError> {
        let highest = u64::MAX >> 64u32.saturating_sub(address_bits);
        let ranges = transport
            .dma_ranges()?
            .into_iter()
            .map(|range| (*range.start()).max(LOWEST_ADDRESS)..=(*range.end()).min(highest))
            .filter(|range| !range.is_empty())
            .collect();
        Ok(Arc::new(Self { transport, ranges, segment_bytes, limit, segments: Mutex::default() }))
    }

    /// A zeroed buffer.
    ///
    /// # Errors
    /// [`CardError::OutOfMemory`] beyond the limit; the transport refuses to map more.
    pub fn allocate(self: &Arc<Self>, bytes: usize) -> Result<DmaBuffer, CardError> {
        let length = bytes.max(1).next_multiple_of(PAGE);
        let mut segments = self.lock();
        let found = segments.iter_mut().enumerate().find_map(|(i, segment)| Some((i, segment.take(length)?)));
        let (index, offset) = match found {
            Some(found) => found,
            None => {
                self.grow(&mut segments, length)?;
                let index = segments.len() - 1;
                let offset = segments[index].take(length).ok_or(self.out_of_memory(bytes))?;
                (index, offset)
            }
        };
        let segment = &segments[index];
        let buffer = DmaBuffer {
            pool: self.clone(),
            memory: segment.memory.clone(),
            segment_address: segment.address,
            offset,
            bytes,
        };
        drop(segments);
        buffer.clear();
        Ok(buffer)
    }

    fn grow(&self, segments: &mut Vec<Segment>, length: usize) -> Result<(), CardError> {
        let total: usize = segments.iter().map(|segment| segment.memory.bytes()).sum();
        let bytes = length.max(self.segment_bytes.min(self.limit.saturating_sub(total)));
        if bytes > self.limit.saturating_sub(total) {
            return Err(self.out_of_memory(length));
        }
        let memory = SharedMemory::new(bytes, self.transport.huge_pages())
            .map_err(|source| TransportError::Io { what: format!("allocate {bytes} bytes of DMA memory"), source })?;
        let address = self.free_address(segments, memory.bytes() as u64).ok_or(self.out_of_memory(length))?;
        self.transport.map(&memory, address)?;
        let free = BTreeMap::from([(0, memory.bytes())]);
        segments.push(Segment { memory: Arc::new(memory), address, free });
        Ok(())
    }

    /// The first address behind all segments where `bytes` fit into an allowed range.
    fn free_address(&self, segments: &[Segment], bytes: u64) -> Option<u64> {
        let used = segments.iter().map(|segment| segment.address + segment.memory.bytes() as u64).max().unwrap_or(0);
        self.ranges.iter().find_map(|range| {
            let start = (*range.start()).max(used).checked_next_multiple_of(SEGMENT_ALIGNMENT)?;
            let last = start.checked_add(bytes - 1)?;
            (last <= *range.end()).then_some(start)
        })
    }

    fn out_of_memory(&self, requested: usize) -> CardError {
        CardError::OutOfMemory { requested, limit: self.limit }
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Segment>> {
        self.segments.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Segment {
    /// Cuts `length` bytes from the first free run that has them.
    fn take(&mut self, length: usize) -> Option<usize> {
        let (offset, run) = self.free.iter().find(|(_, run)| **run >= length).map(|(offset, run)| (*offset, *run))?;
        self.free.remove(&offset);
        if run > length {
            self.free.insert(offset + length, run - length);
        }
        Some(offset)
    }

    /// Returns a run, joined with its neighbours.
    fn give(&mut self, mut offset: usize, mut length: usize) {
        if let Some((before, run)) = self.free.range(..offset).next_back().map(|(before, run)| (*before, *run))
            && before + run == offset
        {
            self.free.remove(&before);
            offset = before;
            length += run;
        }
        if let Some(run) = self.free.remove(&(offset + length)) {
            length += run;
        }
        self.free.insert(offset, length);
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for segment in self.segments.get_mut().unwrap_or_else(PoisonError::into_inner) {
            // A transport that cannot unmap is gone, and its mappings with it.
            let _ = self.transport.unmap(&segment.memory, segment.address);
        }
    }
}

/// A buffer that the card may touch until it is dropped.
pub struct DmaBuffer {
    pool: Arc<Pool>,
    memory: Arc<SharedMemory>,
    segment_address: u64,
    offset: usize,
    bytes: usize,
}

impl DmaBuffer {
    /// Its first byte as the card addresses it; a multiple of 4096.
    pub fn address(&self) -> u64 {
        self.segment_address + self.offset as u64
    }

    /// Bytes.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Copies bytes out.
    ///
    /// # Errors
    /// [`OutOfBounds`].
    pub fn read(&self, offset: usize, out: &mut [u8]) -> Result<(), OutOfBounds> {
        self.check(offset, out.len())?;
        self.memory.read(self.offset + offset, out)
    }

    /// Copies bytes in.
    ///
    /// # Errors
    /// [`OutOfBounds`].
    pub fn write(&self, offset: usize, data: &[u8]) -> Result<(), OutOfBounds> {
        self.check(offset, data.len())?;
        self.memory.write(self.offset + offset, data)
    }

    /// Reads an aligned word; what the card wrote before it is visible afterwards.
    ///
    /// # Errors
    /// [`OutOfBounds`], also if `offset` is no multiple of eight.
    pub fn load_acquire(&self, offset: usize) -> Result<u64, OutOfBounds> {
        self.check(offset, 8)?;
        self.memory.load_acquire(self.offset + offset)
    }

    /// Zeroes it.
    pub fn clear(&self) {
        let zeros = [0; PAGE];
        for at in (0..self.bytes).step_by(PAGE) {
            // Within the buffer by construction.
            let _ = self.write(at, &zeros[..PAGE.min(self.bytes - at)]);
        }
    }

    fn check(&self, offset: usize, length: usize) -> Result<(), OutOfBounds> {
        match offset.checked_add(length) {
            Some(end) if end <= self.bytes => Ok(()),
            _ => Err(OutOfBounds { offset, length, bytes: self.bytes }),
        }
    }
}

impl std::fmt::Debug for DmaBuffer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "DmaBuffer({:#x}, {} bytes)", self.address(), self.bytes)
    }
}

impl Drop for DmaBuffer {
    fn drop(&mut self) {
        let length = self.bytes.max(1).next_multiple_of(PAGE);
        if let Some(segment) = self.pool.lock().iter_mut().find(|segment| segment.address == self.segment_address) {
            segment.give(self.offset, length);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_are_joined_again_whatever_the_order_they_return_in() {
        let memory = Arc::new(SharedMemory::new(PAGE, false).unwrap());
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let mut segment = Segment { memory: memory.clone(), address: 0, free: BTreeMap::from([(0, 100)]) };
            let taken = [10, 20, 30].map(|length| (segment.take(length).unwrap(), length));
            assert_eq!(taken, [(0, 10), (10, 20), (30, 30)]);
            assert_eq!(segment.take(41), None);
            for index in order {
                let (offset, length) = taken[index];
                segment.give(offset, length);
            }
            assert_eq!(segment.free, BTreeMap::from([(0, 100)]));
        }
    }
}
