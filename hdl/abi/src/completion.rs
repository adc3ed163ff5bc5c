//! Completions: 32 bytes that the card writes when it is done with a command.

use crate::Field;

/// Bytes of a completion.
pub const COMPLETION_BYTES: usize = 32;

const CYCLES: Field = Field::new("CYCLES", 0, 64, "Clock cycles from fetch to completion.");
const DETAIL: Field = Field::new("DETAIL", 64, 64, "Of an error: see the status. Of a success: bytes written.");
const HEAD: Field = Field::new("HEAD", 128, 32, "SUBMISSION_HEAD when this was written.");
const ID: Field = Field::new("ID", 192, 32, "The command's id.");
const STATUS: Field = Field::new("STATUS", 224, 16, "Status code.");
const PHASE: Field = Field::new("PHASE", 240, 16, "1 in the first turn of the ring, 0 in the second, and so on.");

/// The fields. ID, STATUS and PHASE are written last, in one go: once the phase has flipped, all the rest is there.
pub const COMPLETION_FIELDS: &[Field] = &[CYCLES, DETAIL, HEAD, ID, STATUS, PHASE];

/// A completion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Completion {
    /// The command's id.
    pub id: u32,
    /// Status code; [`Status::from_code`] names it.
    pub status: u16,
    /// Clock cycles that the command took.
    pub cycles: u64,
    /// Bytes written, or of an error what [`Status`] says.
    pub detail: u64,
    /// Where the card stands in the submission ring.
    pub head: u32,
    /// The turn of the ring.
    pub phase: bool,
}

impl Completion {
    /// As the card writes it.
    pub fn encode(&self) -> [u8; COMPLETION_BYTES] {
        let mut bytes = [0; COMPLETION_BYTES];
        CYCLES.put(&mut bytes, self.cycles);
        DETAIL.put(&mut bytes, self.detail);
        HEAD.put(&mut bytes, self.head.into());
        ID.put(&mut bytes, self.id.into());
        STATUS.put(&mut bytes, self.status.into());
        PHASE.put(&mut bytes, self.phase.into());
        bytes
    }

    /// As the driver reads it.
    pub fn decode(bytes: &[u8; COMPLETION_BYTES]) -> Self {
        Self {
            id: ID.get(bytes) as u32,
            status: STATUS.get(bytes) as u16,
            cycles: CYCLES.get(bytes),
            detail: DETAIL.get(bytes),
            head: HEAD.get(bytes) as u32,
            phase: PHASE.get(bytes) & 1 == 1,
        }
    }
}

/// The phase in the last eight bytes of a completion, read as one little-endian number.
pub const fn phase_of(last: u64) -> bool {
    last >> (PHASE.low - 192) & 1 == 1
}

macro_rules! statuses {
    ($( #[doc = $doc:literal] $name:ident = $code:literal; )*) => {
        /// What became of a command.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u16)]
        pub enum Status {
            $( #[doc = $doc] $name = $code, )*
        }

        /// Every status with its name and meaning, in the order of the codes.
        pub const STATUSES: &[(Status, &str, &str)] = &[$( (Status::$name, stringify!($name), $doc.trim_ascii()) ),*];
    };
}

statuses! {
    /// Done.
    Success = 0;
    /// No such opcode. DETAIL is the opcode.
    BadOpcode = 1;
    /// A reserved byte is not zero. DETAIL is its offset in the command.
    BadReserved = 2;
    /// A count is zero or too large, or the result does not fit its buffer. DETAIL is the offset of the field.
    BadLength = 3;
    /// An address or stride is no multiple of 64. DETAIL is the offset of the field.
    Misaligned = 4;
    /// A field names what the card does not have: an engine, a set of bases, a test. DETAIL is the offset of the field.
    Unsupported = 5;
    /// The set of bases has not been set, or has fewer points than asked for. DETAIL is the set.
    NoBases = 6;
    /// Host memory could not be read. DETAIL is the address.
    ReadFault = 7;
    /// Host memory could not be written. DETAIL is the address.
    WriteFault = 8;
    /// A field element is not canonical. DETAIL is its address.
    NotCanonical = 9;
    /// The card found itself at fault. DETAIL is for its authors.
    Internal = 10;
}

impl Status {
    /// The code in a completion.
    pub const fn code(self) -> u16 {
        self as u16
    }

    /// The status of a code, if there is one.
    pub fn from_code(code: u16) -> Option<Self> {
        STATUSES.get(usize::from(code)).map(|(status, ..)| *status)
    }
}
