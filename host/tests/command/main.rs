//! The `penstock` command as its users meet it: the built binary, its exit codes, its JSON and what it leaves behind.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod bitstreams;
mod card;
mod cards;
mod edges;
mod interrupted;
mod people;
mod proof;
mod refusals;
mod run;
mod setups;
mod sign;
mod state;
mod usage;
