//! A verifying key as data for the verifier contract.
//!
//! Payload, in words of 32 bytes unless said otherwise, all addresses being those of the contract's memory:
//!
//! ```text
//! header       proof bytes, number of instances, key's end, evaluations, end of evaluations (h1 follows), schedule (eight
//!              entries of 4 bytes: bytes absorbed, challenges squeezed), challenges, x, u, k, ω, 1/ω, 1/n, blinding
//!              factors, rotations, denominators, inverses, program, chains, [s]G2 and -G2 (four words each)
//! points       fixed commitments, permutation commitments, the generator of G1 (x, y each)
//! constants    of the program
//! rotations    ω^rotation for every rotation that is opened
//! chains       2-byte fields: see opening.rs
//! program      bytes: see program.rs
//! transcript   the key's representative, which the transcript absorbs first
//! ```
//!
//! The contract puts instances and proof right behind it, then challenges, denominators, their inverses and results.

use halo2_axiom::plonk::VerifyingKey;
use halo2_axiom::poly::Rotation;
use halo2_axiom::poly::commitment::ParamsProver;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, Fr, G1Affine, G2Affine};
use halo2curves::ff::{Field, PrimeField};
use halo2curves::group::prime::PrimeCurveAffine;

use super::EvmError;
use super::algebra::Algebra;
use super::fold::Compiler;
use super::layout::Layout;
use super::memory::{Cell, HEADER_WORDS, KEY, WORD};
use super::numerators::numerators;
use super::opening::{self, Chain, Points};
use super::program::Program;

/// Bytes that a contract's code may have (EIP-170).
const MAX_CODE: usize = 24_576;
/// Bytes before the payload of a part: STOP and the next part's address.
const PART_HEADER: usize = 21;
/// Bytes of the contract's memory that the key can address.
const ADDRESSABLE: usize = 1 << 16;
/// Denominators before those of the openings: x, x^n - 1, first row, last row, blinding rows, instances.
const LAGRANGE_DENOMINATORS: usize = 6;

/// A verifying key as the payload of key contracts, with the shape of what it verifies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKeyData {
    payload: Vec<u8>,
    proof_bytes: usize,
    instances: usize,
}

impl VerifyingKeyData {
    /// Bytes of a proof.
    pub fn proof_bytes(&self) -> usize {
        self.proof_bytes
    }

    /// Number of instances.
    pub fn instances(&self) -> usize {
        self.instances
    }

    /// Bytes of the payload, over all parts.
    pub fn payload_bytes(&self) -> usize {
        self.payload.len()
    }

    /// Number of contracts that hold the key.
    pub fn parts(&self) -> usize {
        self.payload.len().div_ceil(MAX_CODE - PART_HEADER)
    }

    /// Code of one part. Parts are deployed from the last to the first, since each names the next; `next` is zero for
    /// the last. The first part's address is the key's.
    pub fn part_code(&self, part: usize, next: [u8; 20]) -> Vec<u8> {
        let payload = self.payload.chunks(MAX_CODE - PART_HEADER).nth(part).unwrap_or_default();
        [&[0][..], &next, payload].concat()
    }
}

/// Encodes the verifying key of a circuit whose single instance column holds `instances` values.
///
/// # Errors
/// When the circuit has lookup arguments, instance columns other than one or more data than the contract can take; see [`EvmError`].
pub fn encode_verifying_key(
    params: &ParamsKZG<Bn256>,
    vk: &VerifyingKey<G1Affine>,
    instances: usize,
) -> Result<VerifyingKeyData, EvmError> {
    check_shape(vk, instances)?;
    let layout = Layout::new(vk, instances);
    let mut openings = layout.openings(vk)?;
    let rotations = openings.rotations();
    let denominators = layout.free;
    let inverses = denominators.word(LAGRANGE_DENOMINATORS + rotations.len());
    let results = inverses.word(LAGRANGE_DENOMINATORS + rotations.len());

    let constants_at = layout.generator.word(2);
    let mut program = Program::new(constants_at, results);
    let mut algebra = Algebra::default();
    let polys = numerators(&layout, vk, &mut algebra)?;
    let numerator = Compiler { algebra: &algebra, program: &mut program }.fold(&polys, layout.y);
    let quotient_eval = program.mul(numerator, inverses.word(1));
    openings.query(Cell::QUOTIENT, 0, quotient_eval)?;
    openings.query(layout.random, 0, layout.random_eval)?;

    let points = Points {
        y: layout.opening_y,
        v: layout.v,
        u: layout.u,
        x_inverse: inverses,
        differences: denominators.word(LAGRANGE_DENOMINATORS),
        inverses: inverses.word(LAGRANGE_DENOMINATORS),
        h1: layout.h1,
        h2: layout.h2,
        generator: layout.generator,
    };
    let pieces = layout.quotient_pieces.iter().rev().copied().collect();
    let mut chains = vec![Chain { points: pieces, base: Cell::X_POW_N, weight: None }];
    chains.extend(opening::compile(&openings, vk, &points, &mut program));

    // Everything has a size now, so everything has an address.
    let points_at = KEY + WORD * HEADER_WORDS;
    let commitments = vk.fixed_commitments().len() + vk.permutation().commitments().len();
    let rotations_at = points_at + WORD * (2 * (commitments + 1) + program.constants().len());
    let chains_at = rotations_at + WORD * rotations.len();
    let program_at = chains_at + chains.iter().map(Chain::len).sum::<usize>();
    let end = program_at + program.len() + WORD;
    let memory = usize::from(results.address(end)?) + program.results_len();
    if memory > ADDRESSABLE {
        return Err(EvmError::KeyTooLarge { bytes: memory });
    }
    let sections = Sections { rotations_at, chains_at, program_at, end, denominators, inverses };

    let mut payload = header(params, vk, &layout, instances, &sections)?;
    let [generator, ..] = params.get_g() else { return Err(EvmError::Identity { what: "generator" }) };
    for point in vk.fixed_commitments().iter().chain(vk.permutation().commitments()).chain([generator]) {
        // The identity has the coordinates (0, 0) here and on the EVM.
        payload.scalar(point.x);
        payload.scalar(point.y);
    }
    program.constants().iter().for_each(|&constant| payload.scalar(constant));
    for &rotation in &rotations {
        payload.scalar(vk.get_domain().rotate_omega(Fr::ONE, Rotation(rotation as i32)));
    }
    let mut at = chains_at;
    for chain in &chains {
        payload.0.extend(chain.encode(at, end)?);
        at += chain.len();
    }
    payload.0.extend(program.encode(program_at, end)?);
    payload.scalar(vk.transcript_repr());
    Ok(VerifyingKeyData { payload: payload.0, proof_bytes: layout.proof_bytes, instances })
}

/// Where the parts of one key lie.
struct Sections {
    rotations_at: usize,
    chains_at: usize,
    program_at: usize,
    end: usize,
    denominators: Cell,
    inverses: Cell,
}

/// The payload's first words.
fn header(
    params: &ParamsKZG<Bn256>,
    vk: &VerifyingKey<G1Affine>,
    layout: &Layout,
    instances: usize,
    sections: &Sections,
) -> Result<Words, EvmError> {
    let (domain, end) = (vk.get_domain(), sections.end);
    let mut words = Words::default();
    words.number(layout.proof_bytes);
    words.number(instances);
    words.number(end);
    words.cell(layout.evals_at, end)?;
    words.cell(layout.h1, end)?;
    words.schedule(&layout.schedule);
    words.cell(layout.challenges_at, end)?;
    words.cell(layout.x, end)?;
    words.cell(layout.u, end)?;
    words.number(domain.k() as usize);
    words.scalar(domain.get_omega());
    words.scalar(domain.get_omega_inv());
    // n is a power of two below r.
    words.scalar(Fr::from(domain.get_n()).invert().unwrap_or(Fr::ZERO));
    words.number(vk.cs().blinding_factors());
    words.number(sections.rotations_at);
    words.cell(sections.denominators, end)?;
    words.cell(sections.inverses, end)?;
    words.number(sections.program_at);
    words.number(sections.chains_at);
    words.g2(params.s_g2())?;
    words.g2(-params.g2())?;
    Ok(words)
}

/// Big-endian words under construction.
#[derive(Default)]
struct Words(Vec<u8>);

impl Words {
    fn number(&mut self, value: usize) {
        self.0.extend([0; WORD - 8]);
        self.0.extend((value as u64).to_be_bytes());
    }

    fn cell(&mut self, cell: Cell, key_end: usize) -> Result<(), EvmError> {
        self.number(usize::from(cell.address(key_end)?));
        Ok(())
    }

    fn scalar<F: PrimeField<Repr: AsRef<[u8]>>>(&mut self, value: F) {
        self.0.extend(value.to_repr().as_ref().iter().rev());
    }

    /// One word: how much is absorbed (3 bytes) and how often is squeezed (1), at most eight times. halo2 has at most
    /// three phases, and four entries follow them.
    fn schedule(&mut self, entries: &[(usize, usize)]) {
        let mut word = [0; WORD];
        for (entry, &(bytes, squeezes)) in word.as_chunks_mut::<4>().0.iter_mut().zip(entries) {
            *entry = ((bytes as u32) << 8 | squeezes as u32).to_be_bytes();
        }
        self.0.extend(word);
    }

    /// A point as the pairing precompile takes it: imaginary parts first.
    fn g2(&mut self, point: G2Affine) -> Result<(), EvmError> {
        if bool::from(point.is_identity()) {
            return Err(EvmError::Identity { what: "point of G2" });
        }
        for coordinate in [point.x, point.y] {
            self.scalar(coordinate.c1);
            self.scalar(coordinate.c0);
        }
        Ok(())
    }
}

/// Refuses circuits that the contract does not know.
fn check_shape(vk: &VerifyingKey<G1Affine>, instances: usize) -> Result<(), EvmError> {
    let cs = vk.cs();
    if !cs.lookups().is_empty() {
        return Err(EvmError::Lookups { count: cs.lookups().len() });
    }
    if cs.num_instance_columns() != 1 {
        return Err(EvmError::InstanceColumns { count: cs.num_instance_columns() });
    }
    if let Some((_, rotation)) = cs.instance_queries().iter().find(|(_, rotation)| rotation.0 != 0) {
        return Err(EvmError::InstanceRotation { rotation: rotation.0 });
    }
    let rows = (vk.get_domain().get_n() as usize).saturating_sub(cs.blinding_factors() + 1);
    if instances > rows {
        return Err(EvmError::InstanceCount { count: instances, rows });
    }
    Ok(())
}
