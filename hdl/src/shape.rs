//! What each shape is made of: the tops that are emitted, recorded and measured.
//!
//! The SHA-256 of each is recorded in `hdl/checksums.txt`. A card says in its registers RTL_CHECKSUM_LOW and _HIGH which of
//! them it is: they hold the first eight bytes ([`Design::fingerprint`]) of the checksum of the file that has the card in
//! it. They cannot be part of that file, so they are a port of it, `rtl_checksum`: a board's wrapper ties it to a constant,
//! a simulation sets it. The line that begins with the sixteen digits that `penstock card info` shows names the RTL.

use crate::board::ulx3s;
use crate::card::{CardConfig, CardError};
use crate::emit::{Design, EmitError, emit};
use crate::field::{Field, PipelinedMultiplier, RingMultiplier, Shape};
use crate::msm::config::MsmConfig;
use crate::msm::top;
use crate::point::{CompactPointAdder, PipelinedPointAdder};
use crate::poseidon::{self, EngineConfig};

/// All shapes.
pub const SHAPES: [Shape; 2] = [Shape::Compact, Shape::Pipelined];

/// A shape's name, as in file names and reports.
pub fn name(shape: Shape) -> &'static str {
    match shape {
        Shape::Compact => "compact",
        Shape::Pipelined => "pipelined",
    }
}

/// The engine for multi-scalar multiplication of a shape.
///
/// # Errors
/// See [`EmitError`].
pub fn msm(shape: Shape) -> Result<Design, EmitError> {
    top::design(shape, &MsmConfig::of(shape))
}

/// The Poseidon engine of a shape.
///
/// # Errors
/// See [`poseidon::SimulationError`].
pub fn poseidon(shape: Shape) -> Result<Design, poseidon::SimulationError> {
    poseidon::design(&format!("poseidon_{}", name(shape)), &EngineConfig::of(shape))
}

/// The whole card of a shape: shell and both engines.
///
/// # Errors
/// See [`CardError`].
pub fn card(shape: Shape) -> Result<Design, CardError> {
    CardConfig::of(shape).design()
}

/// The boards that carry a shape's card: each one's logic, whose checksum its registers hold, and that in its wrapper.
///
/// # Errors
/// See [`CardError`].
pub fn boards(shape: Shape) -> Result<Vec<Design>, CardError> {
    match shape {
        Shape::Compact => {
            let logic = ulx3s::config().design()?;
            let board = ulx3s::design(&logic);
            Ok(vec![logic, board])
        }
        Shape::Pipelined => Ok(Vec::new()),
    }
}

/// One multiplier of a shape, over the field of the points' coordinates.
///
/// # Errors
/// See [`EmitError`].
pub fn multiplier(shape: Shape) -> Result<Design, EmitError> {
    let top = format!("multiplier_{}", name(shape));
    match shape {
        Shape::Compact => emit(&top, || RingMultiplier::new(Field::Base, 0)),
        Shape::Pipelined => emit(&top, || PipelinedMultiplier::new(Field::Base)),
    }
}

/// The point adder of a shape.
///
/// # Errors
/// See [`EmitError`].
pub fn point_adder(shape: Shape) -> Result<Design, EmitError> {
    let top = format!("point_adder_{}", name(shape));
    match shape {
        Shape::Pipelined => emit(&top, PipelinedPointAdder::<1>::new),
        Shape::Compact => emit(&top, CompactPointAdder::<1>::new),
    }
}
