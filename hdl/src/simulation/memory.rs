//! What the card finds at the other end of its bus.

/// The bus refused an access: nothing is mapped there, or the card may not be bus master.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("no memory for {length} bytes at {address:#x}")]
pub struct BusError {
    /// First byte.
    pub address: u64,
    /// Bytes.
    pub length: usize,
}

/// A host's memory, as a card sees it.
pub trait Memory {
    /// Reads `data.len()` bytes.
    ///
    /// # Errors
    /// Some of them are not there.
    fn read(&mut self, address: u64, data: &mut [u8]) -> Result<(), BusError>;

    /// Writes bytes.
    ///
    /// # Errors
    /// Some of them are not there; none is written then.
    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), BusError>;
}

/// Plain memory from a base address on, with holes for tests of faults.
#[derive(Clone, Debug, Default)]
pub struct Ram {
    /// Address of the first byte.
    pub base: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// Addresses that refuse to be read.
    pub unreadable: Vec<std::ops::Range<u64>>,
    /// Addresses that refuse to be written.
    pub unwritable: Vec<std::ops::Range<u64>>,
}

impl Ram {
    /// Memory of `bytes` zeros.
    pub fn new(base: u64, bytes: usize) -> Self {
        Self { base, bytes: vec![0; bytes], ..Self::default() }
    }

    fn range(&self, address: u64, length: usize, holes: &[std::ops::Range<u64>]) -> Option<std::ops::Range<usize>> {
        let end = address.checked_add(length as u64)?;
        if holes.iter().any(|hole| address < hole.end && hole.start < end) {
            return None;
        }
        let start = usize::try_from(address.checked_sub(self.base)?).ok()?;
        let range = start..start.checked_add(length)?;
        (range.end <= self.bytes.len()).then_some(range)
    }
}

impl Memory for Ram {
    fn read(&mut self, address: u64, data: &mut [u8]) -> Result<(), BusError> {
        let refused = BusError { address, length: data.len() };
        let range = self.range(address, data.len(), &self.unreadable).ok_or(refused)?;
        data.copy_from_slice(&self.bytes[range]);
        Ok(())
    }

    fn write(&mut self, address: u64, data: &[u8]) -> Result<(), BusError> {
        let refused = BusError { address, length: data.len() };
        let range = self.range(address, data.len(), &self.unwritable).ok_or(refused)?;
        self.bytes[range].copy_from_slice(data);
        Ok(())
    }
}
