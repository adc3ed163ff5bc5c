//! Commands: 64 bytes that the driver writes into the submission ring.

use crate::{ALIGNMENT, Capabilities, ELEMENT_BYTES, Field, Status};

/// Bytes of a command.
pub const COMMAND_BYTES: usize = 64;

const ID: Field = Field::new("ID", 0, 32, "Chosen by the driver, given back in the completion.");
const OPCODE: Field = Field::new("OPCODE", 32, 16, "Which command.");
const RESULT: Field = Field::new("RESULT", 64, 64, "Address of the result buffer.");
const CAPACITY: Field = Field::new("CAPACITY", 128, 64, "Bytes of the result buffer.");
const INPUT: Field = Field::new("INPUT", 192, 64, "Address of the input.");
const COUNT: Field = Field::new("COUNT", 256, 32, "Points, scalars a vector, or hashes.");
const SET: Field = Field::new("SET", 288, 8, "Set of bases.");
const VECTORS: Field = Field::new("VECTORS", 296, 8, "Scalar vectors.");
const FIRST: Field = Field::new("FIRST", 320, 32, "Index of the base that the first scalar belongs to.");
const STRIDE: Field = Field::new("STRIDE", 384, 64, "Bytes from one scalar vector to the next.");
const TESTS: Field = Field::new("TESTS", 256, 32, "Which self-tests: bit 0 MSM, bit 1 Poseidon; 0 for all.");

/// Number of a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum Opcode {
    /// [`Command::Identify`].
    Identify = 1,
    /// [`Command::SetBases`].
    SetBases = 2,
    /// [`Command::Msm`].
    Msm = 3,
    /// [`Command::Poseidon`].
    Poseidon = 4,
    /// [`Command::SelfTest`].
    SelfTest = 5,
}

/// The fields of one command; every byte that no field covers is zero.
#[derive(Clone, Copy, Debug)]
pub struct CommandLayout {
    /// The opcode.
    pub opcode: Opcode,
    /// Name, in capitals.
    pub name: &'static str,
    /// Its fields.
    pub fields: &'static [Field],
    /// What it does.
    pub doc: &'static str,
}

/// Every command, in the order of the opcodes.
pub const COMMANDS: &[CommandLayout] = &[
    CommandLayout {
        opcode: Opcode::Identify,
        name: "IDENTIFY",
        fields: &[ID, OPCODE, RESULT, CAPACITY],
        doc: "Writes the sixteen registers from offset 0 to RESULT.",
    },
    CommandLayout {
        opcode: Opcode::SetBases,
        name: "SET_BASES",
        fields: &[ID, OPCODE, INPUT, COUNT, SET],
        doc: "Remembers COUNT affine points (x, y) at INPUT as set SET: canonical, in Montgomery form, (0, 0) for the identity. A card \
              without RESIDENT reads them at every MSM: they stay where they are.",
    },
    CommandLayout {
        opcode: Opcode::Msm,
        name: "MSM",
        fields: &[ID, OPCODE, RESULT, CAPACITY, INPUT, COUNT, SET, VECTORS, FIRST, STRIDE],
        doc: "For each of VECTORS vectors of COUNT canonical scalars, from INPUT on and STRIDE apart: multiplies with the bases from \
              index FIRST on and writes the sums of buckets to RESULT.",
    },
    CommandLayout {
        opcode: Opcode::Poseidon,
        name: "POSEIDON",
        fields: &[ID, OPCODE, RESULT, CAPACITY, INPUT, COUNT],
        doc: "Hashes COUNT pairs of canonical elements at INPUT (circomlib's poseidon([a, b])) and writes COUNT elements to RESULT.",
    },
    CommandLayout {
        opcode: Opcode::SelfTest,
        name: "SELF_TEST",
        fields: &[ID, OPCODE, TESTS],
        doc: "Runs built-in known answers. DETAIL has a bit for each test that failed.",
    },
];

impl Opcode {
    /// The command's layout.
    pub const fn layout(self) -> &'static CommandLayout {
        &COMMANDS[self as usize - 1]
    }

    fn from_code(code: u64) -> Option<Self> {
        COMMANDS.iter().map(|layout| layout.opcode).find(|opcode| *opcode as u64 == code)
    }
}

/// A command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Writes the sixteen registers from offset 0 to memory: proves that DMA works.
    Identify {
        /// DMA address of the result.
        result: u64,
        /// Bytes there.
        capacity: u64,
    },
    /// Remembers affine points as a set of bases.
    SetBases {
        /// DMA address of the points, 64 bytes each.
        input: u64,
        /// Points.
        count: u32,
        /// The set.
        set: u8,
    },
    /// Multiplies scalar vectors with bases.
    Msm {
        /// DMA address of the result.
        result: u64,
        /// Bytes there.
        capacity: u64,
        /// DMA address of the first vector.
        input: u64,
        /// Scalars a vector.
        count: u32,
        /// The set of bases.
        set: u8,
        /// Vectors.
        vectors: u8,
        /// Index of the base of the first scalar.
        first: u32,
        /// Bytes from vector to vector; of no meaning, but aligned, with one vector.
        stride: u64,
    },
    /// Hashes pairs of elements.
    Poseidon {
        /// DMA address of the hashes.
        result: u64,
        /// Bytes there.
        capacity: u64,
        /// DMA address of the pairs.
        input: u64,
        /// Pairs.
        count: u32,
    },
    /// Runs built-in tests.
    SelfTest {
        /// Bit 0 MSM, bit 1 Poseidon; 0 for all.
        tests: u32,
    },
}

/// Why a card does not carry out a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rejection {
    /// The status.
    pub status: Status,
    /// Its detail.
    pub detail: u64,
}

impl Command {
    /// Bytes of the result of [`Command::Identify`].
    pub const IDENTIFY_BYTES: u64 = 64;

    /// Its number.
    pub const fn opcode(&self) -> Opcode {
        match self {
            Self::Identify { .. } => Opcode::Identify,
            Self::SetBases { .. } => Opcode::SetBases,
            Self::Msm { .. } => Opcode::Msm,
            Self::Poseidon { .. } => Opcode::Poseidon,
            Self::SelfTest { .. } => Opcode::SelfTest,
        }
    }

    /// As the driver writes it, with id 0; [`Command::set_id`] gives it another.
    pub fn encode(&self) -> [u8; COMMAND_BYTES] {
        let mut bytes = [0; COMMAND_BYTES];
        let mut put = |field: Field, value: u64| field.put(&mut bytes, value);
        put(OPCODE, self.opcode() as u64);
        match *self {
            Self::Identify { result, capacity } => {
                put(RESULT, result);
                put(CAPACITY, capacity);
            }
            Self::SetBases { input, count, set } => {
                put(INPUT, input);
                put(COUNT, count.into());
                put(SET, set.into());
            }
            Self::Msm { result, capacity, input, count, set, vectors, first, stride } => {
                put(RESULT, result);
                put(CAPACITY, capacity);
                put(INPUT, input);
                put(COUNT, count.into());
                put(SET, set.into());
                put(VECTORS, vectors.into());
                put(FIRST, first.into());
                put(STRIDE, stride);
            }
            Self::Poseidon { result, capacity, input, count } => {
                put(RESULT, result);
                put(CAPACITY, capacity);
                put(INPUT, input);
                put(COUNT, count.into());
            }
            Self::SelfTest { tests } => put(TESTS, tests.into()),
        }
        bytes
    }

    /// Writes an id into an encoded command.
    pub fn set_id(bytes: &mut [u8; COMMAND_BYTES], id: u32) {
        ID.put(bytes, id.into());
    }

    /// The id of an encoded command.
    pub fn id(bytes: &[u8; COMMAND_BYTES]) -> u32 {
        ID.get(bytes) as u32
    }

    /// As the card reads it.
    ///
    /// # Errors
    /// [`Status::BadOpcode`], [`Status::BadReserved`].
    pub fn decode(bytes: &[u8; COMMAND_BYTES]) -> Result<Self, Rejection> {
        let code = OPCODE.get(bytes);
        let opcode = Opcode::from_code(code).ok_or(Rejection { status: Status::BadOpcode, detail: code })?;
        let is_field = |at: usize| opcode.layout().fields.iter().any(|field| field.bytes().contains(&at));
        if let Some(at) = (0..COMMAND_BYTES).find(|at| bytes[*at] != 0 && !is_field(*at)) {
            return Err(Rejection { status: Status::BadReserved, detail: at as u64 });
        }
        let (result, capacity, input) = (RESULT.get(bytes), CAPACITY.get(bytes), INPUT.get(bytes));
        let (count, set) = (COUNT.get(bytes) as u32, SET.get(bytes) as u8);
        Ok(match opcode {
            Opcode::Identify => Self::Identify { result, capacity },
            Opcode::SetBases => Self::SetBases { input, count, set },
            Opcode::Msm => Self::Msm {
                result,
                capacity,
                input,
                count,
                set,
                vectors: VECTORS.get(bytes) as u8,
                first: FIRST.get(bytes) as u32,
                stride: STRIDE.get(bytes),
            },
            Opcode::Poseidon => Self::Poseidon { result, capacity, input, count },
            Opcode::SelfTest => Self::SelfTest { tests: TESTS.get(bytes) as u32 },
        })
    }

    /// What a card with these capabilities checks before it touches memory: engines, then alignment, then lengths.
    ///
    /// # Errors
    /// [`Status::Unsupported`], [`Status::Misaligned`], [`Status::BadLength`].
    pub fn check(&self, card: &Capabilities) -> Result<(), Rejection> {
        let require = |condition: bool, status: Status, field: Field| {
            if condition { Ok(()) } else { Err(Rejection { status, detail: field.bytes().start as u64 }) }
        };
        let has = |engine: bool| require(engine, Status::Unsupported, OPCODE);
        let aligned = |value: u64, field: Field| require(value.is_multiple_of(ALIGNMENT), Status::Misaligned, field);
        let length = |fits: bool, field: Field| require(fits, Status::BadLength, field);
        match *self {
            Self::Identify { result, capacity } => {
                aligned(result, RESULT)?;
                length(capacity >= Self::IDENTIFY_BYTES, CAPACITY)
            }
            Self::SetBases { input, count, set } => {
                has(card.msm)?;
                require(set < card.base_sets, Status::Unsupported, SET)?;
                aligned(input, INPUT)?;
                length((1..=card.max_points).contains(&count), COUNT)
            }
            Self::Msm { result, capacity, input, count, set, vectors, first, stride } => {
                has(card.msm)?;
                require(set < card.base_sets, Status::Unsupported, SET)?;
                aligned(result, RESULT)?;
                aligned(input, INPUT)?;
                aligned(stride, STRIDE)?;
                length((1..=card.max_points).contains(&count), COUNT)?;
                length((1..=card.vectors).contains(&vectors), VECTORS)?;
                length(first <= card.max_points - count, FIRST)?;
                length(vectors == 1 || stride >= u64::from(count) * ELEMENT_BYTES, STRIDE)?;
                length(capacity >= card.msm_layout.result_bytes(vectors), CAPACITY)
            }
            Self::Poseidon { result, capacity, input, count } => {
                has(card.poseidon)?;
                aligned(result, RESULT)?;
                aligned(input, INPUT)?;
                length((1..=card.max_hashes).contains(&count), COUNT)?;
                length(capacity >= u64::from(count) * ELEMENT_BYTES, CAPACITY)
            }
            Self::SelfTest { tests } => {
                let has = u32::from(card.msm) | u32::from(card.poseidon) << 1;
                require(tests & !has == 0, Status::Unsupported, TESTS)
            }
        }
    }
}
