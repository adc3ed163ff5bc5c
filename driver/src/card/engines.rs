//! What the card is for: multi-scalar multiplications and hashes.

use std::sync::Arc;

use halo2curves::bn256::{Fr, G1, G1Affine};
use penstock_abi::{ALIGNMENT, Command, ELEMENT_BYTES, Opcode};

use super::flight::{Ticket, submit};
use super::{Card, Completed, Inner};
use crate::element::{read_scalars, write_scalars};
use crate::{CardError, DmaBuffer};

const ELEMENT: usize = ELEMENT_BYTES as usize;

/// Bases in the card's form, in DMA memory.
pub(super) struct PinnedBases {
    buffer: DmaBuffer,
    count: u32,
}

impl PinnedBases {
    pub(super) fn new(card: &Inner, points: &[G1Affine]) -> Result<Self, CardError> {
        let most = card.capabilities.max_points as usize;
        if points.is_empty() || points.len() > most {
            return unsupported(format!("{} bases, where it takes 1 to {most}", points.len()));
        }
        let buffer = card.pool.allocate(points.len() * 2 * ELEMENT)?;
        card.montgomery.write_bases(points, &buffer)?;
        Ok(Self { buffer, count: points.len() as u32 })
    }

    /// Tells the card about them.
    pub(super) fn install(self: &Arc<Self>, card: &Card, set: u8) -> Result<(), CardError> {
        let command = Command::SetBases { input: self.buffer.address(), count: self.count, set };
        submit(&card.0, command.encode(), Opcode::SetBases, Vec::new(), Some(self.clone()))?.wait().map(drop)
    }
}

impl Card {
    /// Starts `Σ scalars[i] · bases[i]` for each vector of scalars, over the first of the bases pinned as set `set`.
    /// Scalars are copied once.
    ///
    /// # Errors
    /// No bases are pinned; vectors differ in length, are longer than the bases or more than the card takes; as
    /// [`Card::submit`].
    pub fn msm(&self, set: u8, vectors: &[&[Fr]]) -> Result<MsmTicket, CardError> {
        let card = &*self.0;
        let Some(bases) = card.bases().get(&set).cloned() else {
            return unsupported(format!("no bases have been pinned as set {set}"));
        };
        let count = vectors.first().map_or(0, |vector| vector.len());
        if count == 0 || count > bases.count as usize || vectors.iter().any(|vector| vector.len() != count) {
            let lengths: Vec<usize> = vectors.iter().map(|vector| vector.len()).collect();
            return unsupported(format!("vectors of {lengths:?} scalars over {} bases", bases.count));
        }
        let most = card.capabilities.vectors;
        let Some(number) = u8::try_from(vectors.len()).ok().filter(|number| *number <= most) else {
            return unsupported(format!("{} vectors in one command, where it takes {most}", vectors.len()));
        };
        let stride = (count * ELEMENT).next_multiple_of(ALIGNMENT as usize);
        let scalars = card.pool.allocate(stride * vectors.len())?;
        for (index, vector) in vectors.iter().enumerate() {
            write_scalars(vector.iter(), &scalars, index * stride)?;
        }
        let capacity = card.capabilities.msm_layout.result_bytes(number);
        let result = card.pool.allocate(capacity as usize)?;
        let command = Command::Msm {
            result: result.address(),
            capacity,
            input: scalars.address(),
            count: count as u32,
            set,
            vectors: number,
            first: 0,
            stride: stride as u64,
        };
        let ticket = submit(&self.0, command.encode(), Opcode::Msm, vec![result, scalars], Some(bases))?;
        Ok(MsmTicket { ticket, card: self.clone(), vectors: vectors.len() })
    }

    /// Starts circomlib's `poseidon([a, b])` for each pair.
    ///
    /// # Errors
    /// There are no pairs, or more than the card takes; as [`Card::submit`].
    pub fn poseidon(&self, pairs: &[[Fr; 2]]) -> Result<PoseidonTicket, CardError> {
        let most = self.0.capabilities.max_hashes as usize;
        if pairs.is_empty() || pairs.len() > most {
            return unsupported(format!("{} hashes in one command, where it takes 1 to {most}", pairs.len()));
        }
        let input = self.allocate(pairs.len() * 2 * ELEMENT)?;
        write_scalars(pairs.as_flattened().iter(), &input, 0)?;
        let result = self.allocate(pairs.len() * ELEMENT)?;
        let command = Command::Poseidon {
            result: result.address(),
            capacity: (pairs.len() * ELEMENT) as u64,
            input: input.address(),
            count: pairs.len() as u32,
        };
        Ok(PoseidonTicket { ticket: self.submit(command, vec![result, input])?, count: pairs.len() })
    }
}

/// A multi-scalar multiplication under way.
#[must_use = "a sum that nobody awaits is computed in vain"]
pub struct MsmTicket {
    ticket: Ticket,
    card: Card,
    vectors: usize,
}

impl MsmTicket {
    /// Blocks until the card is done, and finishes the sums: one a vector.
    ///
    /// # Errors
    /// As [`Ticket::wait`], and [`CardError::ProtocolViolation`] for points off the curve.
    pub fn wait(self) -> Result<Vec<G1>, CardError> {
        Ok(self.wait_with_cycles()?.0)
    }

    /// As [`MsmTicket::wait`], with the clock cycles that the card took.
    ///
    /// # Errors
    /// As [`MsmTicket::wait`].
    pub fn wait_with_cycles(self) -> Result<(Vec<G1>, u64), CardError> {
        let completed = self.ticket.wait()?;
        let layout = &self.card.capabilities().msm_layout;
        let result = written(&completed)?;
        let bytes = layout.result_bytes(1) as usize;
        let montgomery = &self.card.0.montgomery;
        let sums = (0..self.vectors).map(|vector| montgomery.finish(layout, result, vector * bytes));
        Ok((sums.collect::<Result<_, _>>()?, completed.completion.cycles))
    }
}

/// Hashes under way.
#[must_use = "hashes that nobody awaits are computed in vain"]
pub struct PoseidonTicket {
    ticket: Ticket,
    count: usize,
}

impl PoseidonTicket {
    /// Blocks until the card is done: one hash a pair.
    ///
    /// # Errors
    /// As [`Ticket::wait`], and [`CardError::ProtocolViolation`] for hashes that are no field elements.
    pub fn wait(self) -> Result<Vec<Fr>, CardError> {
        Ok(self.wait_with_cycles()?.0)
    }

    /// As [`PoseidonTicket::wait`], with the clock cycles that the card took.
    ///
    /// # Errors
    /// As [`PoseidonTicket::wait`].
    pub fn wait_with_cycles(self) -> Result<(Vec<Fr>, u64), CardError> {
        let completed = self.ticket.wait()?;
        Ok((read_scalars(written(&completed)?, self.count)?, completed.completion.cycles))
    }
}

/// The result, the first buffer, if the card says that it has written all of it.
fn written(completed: &Completed) -> Result<&DmaBuffer, CardError> {
    let detail = completed.completion.detail;
    match completed.buffers.first() {
        Some(result) if result.bytes() as u64 == detail => Ok(result),
        _ => Err(CardError::ProtocolViolation { how: format!("it wrote a result of {detail} bytes") }),
    }
}

fn unsupported<T>(reason: String) -> Result<T, CardError> {
    Err(CardError::Unsupported { reason })
}
