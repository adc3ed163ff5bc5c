//! Cases in which programs are analysed, and the one fact about the state that this rests on.
//!
//! An exit pays what the user's balance and the chain's reserve both cover. The user's account is closed before the reserve account
//! is opened, so the reserve would be a leaf of a tree that the payout has changed: propagation would go in a circle,
//! and rightly, were the two one account. Hence two cases. Either they are different accounts: then the leaf of the second is
//! what it was before the first was changed. Or the user's account is the reserve account, which has no owner. That is
//! so in every state: genesis gives it none; Deposit and TransferToNew, the only programs that write an owner other than
//! the one that they found or that was proved equal to it, hold their account apart from it (`rules::assert_not_reserve`).

use num_bigint::BigInt;

use halo2curves::bn256::Fr;
use halo2curves::ff::Field;

use super::interval::integer;
use super::program::Program;
use super::ranges::Ranges;
use super::system::System;
use crate::poseidon::hash2;

/// What holds in one case, beyond the items.
#[derive(Clone, Debug)]
pub struct Case {
    /// In words.
    pub name: &'static str,
    /// Atoms with their values.
    pub(super) values: Vec<(usize, BigInt)>,
    /// Two indices of paths that differ.
    pub(super) apart: Option<[usize; 2]>,
}

impl Case {
    const ALWAYS: Self = Self { name: "always", values: Vec::new(), apart: None };

    /// Cases of which one always holds.
    pub fn of(program: &Program) -> Vec<Self> {
        let system = System::new(program, &Self::ALWAYS);
        let ranges = Ranges::new(&system);
        let is_reserve =
            |index: usize| ranges.of(index).is_some_and(|interval| interval.is_point() && interval.lo == 1.into());
        for reserve in system.paths.iter().filter(|path| is_reserve(path.index)) {
            for user in system.paths.iter().filter(|path| path.new_root == reserve.old_root) {
                if let Some(owner) = owner(&system, user.old_leaf) {
                    let nobody = integer(&hash2(Fr::ZERO, Fr::ZERO));
                    let values = vec![(user.index, BigInt::from(1)), (owner, nobody)];
                    let apart = Some([user.index, reserve.index]);
                    return vec![
                        Self { name: "not the reserve account", values: Vec::new(), apart },
                        Self { name: "the reserve account", values, apart: None },
                    ];
                }
            }
        }
        vec![Self::ALWAYS]
    }
}

/// The owner in an account's leaf, the hash of (hash of auth and owner, hash of two roots).
fn owner(system: &System, leaf: usize) -> Option<usize> {
    let opened = |hash: usize| system.hashes.iter().find(|[.., found]| *found == hash);
    let [keys, ..] = opened(leaf)?;
    opened(*keys).map(|[_, owner, _]| *owner)
}
