//! Arithmetic over BN254 that the prover and the card's functional model share.
//!
//! ```text
//! points, tags     -> GroupedSums -> a sum a tag         (affine additions that share inversions)
//! scalars, points  -> msm         -> their inner product (signed windows over grouped sums)
//! coefficients    <-> Domain     <-> values on the subgroup of order n, and on its cosets
//!                       └ lanes: eight elements at a time, where the processor has AVX-512 IFMA
//! ```
//!
//! All of it is plain computing on slices, spread over the rayon pool of the caller. It knows nothing of proofs, cards or files.

mod domain;
mod grouped_sums;
pub mod lanes;
mod msm;
mod vector_transform;

pub use domain::{Domain, powers};
pub use grouped_sums::GroupedSums;
pub use msm::msm;
