//! Operation slots: rows that check one operation of one kind.
//!
//! Every kind of operation is a *program*: arithmetic over named values (sums, products, range checks) and tuples drawn from or
//! provided to the bus (hashes, Merkle paths, signatures, the block's running state). A program is the same whatever
//! the operation says, so all slots of a kind have one layout, decided once and repeated; only the values differ.
//!
//! ```text
//! Builder (program + values of one operation) ── plan ──> Plan (rows of a slot: coefficients, cells, copies)
//!                                          └── values ──> cells of one slot in the witness table
//! ```
//!
//! A row has three lanes that work side by side (`gates`):
//! - cells 0..4: one sum `c0·x0 + c1·x1 + c2·x2 + c3·x3 + cm·x0·x1 + k + ci·instance = 0`, or one bus tuple of up to four elements;
//! - cells 4..7: one product `x4·x5 = x6`, or a hash drawn from the tape (x4, x5, x6 = left, right, hash);
//! - cells 7..16: sixteen bits in base 4: x7 accumulates the digits x8..x16.
//!
//! Cell 16 says whether the slot holds an operation; a slot without one has no effect on the bus, whatever it contains.
//! A Merkle path takes five elements: cells 0..5, and the product lane of that row rests.

mod builder;
mod gates;
mod item;
mod plan;

pub use builder::{Builder, Lies, Part, fr, root_of_other_tree};
pub use gates::SlotConfig;
pub use item::{Constraint, Item, Var};
pub use plan::{Cell, Plan, Slots};

#[cfg(test)]
mod tests;
