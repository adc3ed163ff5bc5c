//! The engines: a command's data in, its result out.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use halo2curves::bn256::{Fq, Fr, G1Affine};
use halo2curves::ff::{Field, PrimeField};
use penstock_abi::{Capabilities, Command, ELEMENT_BYTES, Rejection, Status};
use penstock_circuits::poseidon::hash2;
use rayon::prelude::*;

use super::queue::BURST;
use super::{Card, Fault, msm};

const ELEMENT: usize = ELEMENT_BYTES as usize;
/// How much longer a command takes that [`Fault::Dawdles`].
const DAWDLING: Duration = Duration::from_millis(100);

/// A command under way.
pub(super) struct Job {
    pub(super) card: Arc<Card>,
    pub(super) generation: u64,
    pub(super) id: u32,
    pub(super) command: Command,
    /// Where the bases of an MSM's set are.
    pub(super) bases: u64,
    pub(super) fault: Option<Fault>,
    /// The card's clock when it was fetched.
    pub(super) started: u64,
}

/// DETAIL and the bytes of the result.
type Outcome = Result<(u64, Vec<u8>), Rejection>;

impl Job {
    /// Carries out a long command and completes it.
    pub(super) fn run(self) {
        if self.fault == Some(Fault::Dawdles) {
            std::thread::sleep(DAWDLING);
        }
        let outcome = match self.command {
            Command::Msm { input, count, vectors, first, stride, .. } => {
                self.msm(input, count as usize, vectors.into(), first.into(), stride)
            }
            Command::Poseidon { input, count, .. } => self.poseidon(input, count as usize),
            _ => Err(Rejection { status: Status::Internal, detail: 0 }),
        };
        self.card.lock().finish(&self, outcome);
    }

    /// Where the result goes.
    pub(super) fn result_address(&self) -> Option<u64> {
        match self.command {
            Command::Identify { result, .. } | Command::Msm { result, .. } | Command::Poseidon { result, .. } => {
                Some(result)
            }
            Command::SetBases { .. } | Command::SelfTest { .. } => None,
        }
    }

    fn msm(&self, input: u64, count: usize, vectors: u64, first: u64, stride: u64) -> Outcome {
        let capabilities = &self.card.capabilities;
        let from_card = Fq::from(2).pow_vartime([u64::from(capabilities.radix_bits)]);
        let to_host = from_card.invert().unwrap_or(Fq::ZERO);
        let start = self.bases + first * 2 * ELEMENT_BYTES;
        let coordinates = elements::<Fq>(&self.read(start, 2 * count * ELEMENT)?, start)?;
        let (pairs, _) = coordinates.as_chunks::<2>();
        let points: Vec<G1Affine> =
            pairs.par_iter().map(|[x, y]| G1Affine { x: x * to_host, y: y * to_host }).collect();
        let is_cancelled = || self.card.generation.load(Ordering::SeqCst) != self.generation;
        let mut result = Vec::new();
        for vector in 0..vectors {
            let start = input + vector * stride;
            let mut bytes = self.read(start, count * ELEMENT)?;
            if vector == 0 && self.fault == Some(Fault::CorruptInput) {
                bytes[0] ^= 1;
            }
            // Checked to be canonical; the digits are cut from the bytes.
            elements::<Fr>(&bytes, start)?;
            let (scalars, _) = bytes.as_chunks::<ELEMENT>();
            let sums = msm::window_sums(&capabilities.msm_layout, scalars, &points, &is_cancelled);
            for point in sums {
                let is_identity = point.x == Fq::ZERO && point.y == Fq::ZERO;
                let coordinates = if is_identity { [Fq::ZERO, Fq::ONE, Fq::ZERO] } else { [point.x, point.y, Fq::ONE] };
                for coordinate in coordinates {
                    result.extend((coordinate * from_card).to_repr());
                }
            }
        }
        Ok((result.len() as u64, result))
    }

    fn poseidon(&self, input: u64, count: usize) -> Outcome {
        let mut bytes = self.read(input, 2 * count * ELEMENT)?;
        if self.fault == Some(Fault::CorruptInput) {
            bytes[0] ^= 1;
        }
        let inputs = elements::<Fr>(&bytes, input)?;
        let (pairs, _) = inputs.as_chunks::<2>();
        let hashes: Vec<[u8; ELEMENT]> = pairs.par_iter().map(|[a, b]| hash2(*a, *b).to_repr()).collect();
        let result = hashes.into_flattened();
        Ok((result.len() as u64, result))
    }

    /// Reads host memory in bursts, each under the lock that a reset takes: none is left when the reset is over.
    fn read(&self, address: u64, bytes: usize) -> Result<Vec<u8>, Rejection> {
        let refused = |address: u64| Rejection { status: Status::ReadFault, detail: address };
        if self.fault == Some(Fault::DmaRefused) {
            return Err(refused(address));
        }
        let mut data = vec![0; bytes];
        for (index, burst) in data.chunks_mut(BURST).enumerate() {
            let address = address.checked_add((index * BURST) as u64).ok_or_else(|| refused(address))?;
            let _state = self.card.lock();
            if self.card.generation.load(Ordering::SeqCst) != self.generation {
                return Err(refused(address));
            }
            self.card.bus.read(address, burst).map_err(|fault| refused(fault.address))?;
        }
        Ok(data)
    }
}

/// Canonical elements; `address` is where the first came from.
fn elements<F: PrimeField<Repr = [u8; 32]>>(bytes: &[u8], address: u64) -> Result<Vec<F>, Rejection> {
    let (elements, _) = bytes.as_chunks::<ELEMENT>();
    let element = |(index, bytes): (usize, &[u8; ELEMENT])| {
        let detail = address + index as u64 * ELEMENT_BYTES;
        Option::from(F::from_repr(*bytes)).ok_or(Rejection { status: Status::NotCanonical, detail })
    };
    elements.par_iter().enumerate().map(element).collect()
}

/// Commands that are done at once.
pub(super) fn immediate(command: &Command, capabilities: &Capabilities) -> Outcome {
    match command {
        Command::Identify { .. } => {
            let registers = (0..Command::IDENTIFY_BYTES as u32).step_by(4);
            let temperature = i32::MIN as u32;
            let result: Vec<u8> =
                registers.flat_map(|at| capabilities.register(at).unwrap_or(temperature).to_le_bytes()).collect();
            Ok((result.len() as u64, result))
        }
        Command::SelfTest { tests } => {
            let asked = |bit: u32| *tests == 0 || tests >> bit & 1 == 1;
            let failed = u64::from(asked(0) && !msm::self_test()) | u64::from(asked(1) && !poseidon_self_test()) << 1;
            Ok((failed, Vec::new()))
        }
        _ => Err(Rejection { status: Status::Internal, detail: 0 }),
    }
}

/// circomlib's `poseidon([1, 2])`.
fn poseidon_self_test() -> bool {
    const EXPECTED: [u64; 4] = [0x9e19607a4417189a, 0x2a3617f274324551, 0x3df64c6b9662e9cf, 0x115cc0f5e7d69041];
    hash2(Fr::ONE, Fr::from(2)) == Fr::from_raw(EXPECTED)
}
