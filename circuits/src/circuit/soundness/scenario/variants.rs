//! What is changed in each setting, and whether an honest ledger would go along.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::super::liar::{Branch, LyingLedger};
use super::Scenario;
use super::setting::*;
use crate::chain::Chains;
use crate::operation::*;
use crate::packing::PackedAmount;
use crate::trace::Slot;
use crate::tree::leaf_index;

/// Chains whose numbers less one have one bit: other bits could stand for it.
const FAR_CHAINS: [u8; 5] = [3, 5, 9, 17, 31];

/// Lets an account have used all nonces but the last one, which cannot be raised.
fn last_nonce(ledger: &mut LyingLedger, id: u32) -> u32 {
    ledger.set_account(id, |account| account.nonce = u32::MAX);
    u32::MAX
}

fn only_first_chain(ledger: &mut LyingLedger, id: u32) {
    ledger.set_account(id, |account| account.chains = Chains::from_bits(1).unwrap_or_default());
}

#[allow(clippy::too_many_lines)] // One line a case.
pub(super) fn variants(kind: Kind, list: &mut Vec<Scenario>) {
    let balance = |value: u128| Fr::from_u128(value);
    match kind {
        Kind::Noop => {}
        Kind::Deposit => {
            variant!(list, Deposit, true, "to a new account", |l, op| (op.account, op.owner) = (FREE, owner(FREE)));
            variant!(list, Deposit, true, "of ether, by somebody else, on another chain", |l, op| {
                (op.l1_token, op.l2_token, op.by_owner, op.chain) = (ETHER, ETHER, false, 3)
            });
            variant!(list, Deposit, true, "on a chain where the owner has not acted", |l, op| op.chain = 3);
            for chain in FAR_CHAINS {
                variant!(list, Deposit, true, "on a far chain, after one on the first", |l, op| {
                    op.chain = chain;
                    only_first_chain(l, ALICE)
                });
            }
            variant!(list, Deposit, false, "to the reserves' account", |l, op| (op.account, op.owner) =
                (1, owner(FREE)));
            variant!(list, Deposit, false, "to nobody", |l, op| (op.account, op.owner) = (FREE, Owner::default()));
            variant!(list, Deposit, false, "to somebody else's account", |l, op| op.owner = owner(BOB));
            variant!(list, Deposit, false, "of ether as pooled", |l, op| op.l1_token = ETHER);
            variant!(list, Deposit, false, "of a token below 17", |l, op| (op.l1_token, op.l2_token) = (16, 16));
            variant!(list, Deposit, false, "of 2^119", |l, op| op.amount = 1 << 119);
            variant!(list, Deposit, false, "to sub-account 32", |l, op| op.sub = 32);
        }
        Kind::Transfer => {
            variant!(list, Transfer, true, "of pooled dollars to oneself", |l, op| {
                (op.token, op.to, op.to_owner) = (USD, ALICE, owner(ALICE))
            });
            variant!(list, Transfer, false, "of more than there is", |l, op| op.amount = amount(2_000_000 * ONE));
            variant!(list, Transfer, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
            variant!(list, Transfer, false, "to an account that does not exist", |l, op| {
                (op.to, op.to_owner) = (FREE, Owner::default())
            });
            variant!(list, Transfer, false, "of a token that nobody holds", |l, op| {
                (op.token, op.amount, op.fee) = (5, amount(0), fee(0))
            });
            variant!(list, Transfer, false, "with the last nonce", |l, op| { op.nonce = last_nonce(l, ALICE) });
            variant!(list, Transfer, false, "from an account without a key", |l, op| {
                (op.from, op.nonce) = (CAROL, NONCE + CAROL)
            });
        }
        Kind::TransferToNew => {
            variant!(list, TransferToNew, true, "of pooled dollars", |l, op| op.token = USD);
            variant!(list, TransferToNew, false, "of more than there is", |l, op| op.amount = amount(2_000_000 * ONE));
            variant!(list, TransferToNew, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
            variant!(list, TransferToNew, false, "to the reserves' account", |l, op| op.to = 1);
            variant!(list, TransferToNew, false, "to nobody", |l, op| op.to_owner = Owner::default());
            variant!(list, TransferToNew, false, "to an account that is taken", |l, op| op.to = BOB);
            variant!(list, TransferToNew, false, "of a token that nobody holds", |l, op| {
                (op.token, op.amount, op.fee) = (5, amount(0), fee(0))
            });
            variant!(list, TransferToNew, false, "with the last nonce", |l, op| { op.nonce = last_nonce(l, ALICE) });
        }
        Kind::Withdraw => {
            variant!(list, Withdraw, true, "of ether", |l, op| (op.l1_token, op.l2_token) = (ETHER, ETHER));
            variant!(list, Withdraw, false, "of more than there is", |l, op| op.amount = 2_000_000 * ONE);
            variant!(list, Withdraw, false, "of more than the chain holds", |l, op| {
                l.set_leaf(1, Branch::Balances, leaf_index(CHAIN, STABLE - 15), Fr::ONE)
            });
            variant!(list, Withdraw, false, "to nobody", |l, op| op.to = Owner::default());
            variant!(list, Withdraw, false, "with a fee above the whole", |l, op| op.fee_ratio = 10_001);
            variant!(list, Withdraw, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
            variant!(list, Withdraw, false, "of ether as pooled", |l, op| op.l1_token = ETHER);
            variant!(list, Withdraw, false, "with the last nonce", |l, op| { op.nonce = last_nonce(l, ALICE) });
        }
        Kind::FullExit => {
            variant!(list, FullExit, true, "of ether, of which the chain holds less", |l, op| {
                (op.l1_token, op.l2_token) = (ETHER, ETHER);
                l.set_leaf(1, Branch::Balances, leaf_index(CHAIN, ETHER), balance(5))
            });
            variant!(list, FullExit, true, "for somebody else", |l, op| op.owner = owner(BOB));
            variant!(list, FullExit, true, "on a chain where the owner has not acted", |l, op| op.chain = 3);
            for chain in FAR_CHAINS {
                variant!(list, FullExit, true, "on a far chain, after one on the first", |l, op| {
                    op.chain = chain;
                    only_first_chain(l, ALICE)
                });
            }
            variant!(list, FullExit, true, "of an account that does not exist", |l, op| op.account = FREE);
            variant!(list, FullExit, false, "for nobody", |l, op| (op.account, op.owner) = (FREE, Owner::default()));
            variant!(list, FullExit, false, "of the reserves", |l, op| {
                (op.account, op.owner, op.sub) = (1, Owner::default(), CHAIN);
                (op.l1_token, op.l2_token) = (ETHER, ETHER)
            });
        }
        Kind::ChangePubKey => {
            variant!(list, ChangePubKey, true, "the first key", |l, op| (op.account, op.nonce) =
                (CAROL, NONCE + CAROL));
            variant!(list, ChangePubKey, true, "paid in pooled dollars", |l, op| op.fee_token = USD);
            variant!(list, ChangePubKey, false, "of the reserves' account", |l, op| {
                (op.account, op.nonce, op.fee) = (1, 0, fee(0))
            });
            variant!(list, ChangePubKey, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
            variant!(list, ChangePubKey, false, "that is not paid for", |l, op| {
                l.set_leaf(ALICE, Branch::Balances, leaf_index(SUB, ETHER), Fr::ZERO)
            });
            variant!(list, ChangePubKey, false, "with the last nonce", |l, op| { op.nonce = last_nonce(l, ALICE) });
            variant!(list, ChangePubKey, false, "paid in a token that nobody holds", |l, op| {
                (op.fee_token, op.fee) = (5, fee(0))
            });
        }
        Kind::ForcedExit => {
            variant!(list, ForcedExit, true, "of pooled dollars, of which the chain holds less", |l, op| {
                (op.l1_token, op.l2_token) = (STABLE, USD);
                l.set_leaf(1, Branch::Balances, leaf_index(CHAIN, STABLE - 15), balance(5))
            });
            variant!(list, ForcedExit, true, "on another chain", |l, op| op.chain = 1);
            variant!(list, ForcedExit, true, "paid in ether, by an initiator of many signatures", |l, op| {
                op.fee_token = ETHER
            });
            for (chain, chains) in FAR_CHAINS.into_iter().zip([5, 21, 279, 65_919, 1 << 30]) {
                variant!(list, ForcedExit, true, "on a far chain", |l, op| {
                    op.chain = chain;
                    l.set_account(CAROL, |account| account.chains = Chains::from_bits(chains).unwrap_or_default())
                });
            }
            variant!(list, ForcedExit, true, "of an owner who has acted everywhere", |l, op| {
                l.set_account(CAROL, |account| account.chains = Chains::from_bits((1 << 31) - 1).unwrap_or_default())
            });
            variant!(list, ForcedExit, false, "of an account with a key", |l, op| {
                (op.target, op.target_owner) = (BOB, owner(BOB))
            });
            variant!(list, ForcedExit, false, "on a chain where the owner has not acted", |l, op| op.chain = 3);
            variant!(list, ForcedExit, false, "to another owner", |l, op| op.target_owner = owner(BOB));
            variant!(list, ForcedExit, false, "of the reserves", |l, op| {
                (op.target, op.target_owner, op.target_sub) = (1, Owner::default(), CHAIN)
            });
            variant!(list, ForcedExit, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
            variant!(list, ForcedExit, false, "that is not paid for", |l, op| {
                l.set_leaf(ALICE, Branch::Balances, leaf_index(SUB, USD), Fr::ZERO)
            });
            variant!(list, ForcedExit, false, "with the last nonce", |l, op| { op.nonce = last_nonce(l, ALICE) });
        }
        Kind::OrderMatching => matches(list),
    }
}

fn matches(list: &mut Vec<Scenario>) {
    let slot = |nonce: u32, residue: u128| Slot { nonce, residue }.leaf();
    let at = leaf_index(SUB, 9);
    variant!(list, OrderMatching, true, "a new order replaces one with something left", |l, op| {
        op.taker.body.nonce = nonce(4)
    });
    variant!(list, OrderMatching, true, "the maker buys, up to an expected base", |l, op| {
        std::mem::swap(&mut op.maker, &mut op.taker);
        op.expected_base = 3 * ONE + 1
    });
    variant!(list, OrderMatching, true, "up to an expected quote", |l, op| op.expected_quote = 11 * ONE + 3);
    variant!(list, OrderMatching, true, "that uses up both orders", |l, op| op.maker.body.amount = amount(20 * ONE));
    variant!(list, OrderMatching, false, "at prices that do not cross", |l, op| {
        op.taker.body.price = Price::new(2 * ONE).unwrap_or(op.taker.body.price)
    });
    variant!(list, OrderMatching, false, "of one token with itself", |l, op| {
        for order in [&mut op.maker.body, &mut op.taker.body] {
            order.quote_token = ETHER
        }
    });
    variant!(list, OrderMatching, false, "of an account with itself", |l, op| {
        op.taker.body.account = ALICE;
        op.taker.body.slot = 8
    });
    variant!(list, OrderMatching, false, "of nothing", |l, op| op.maker.body.amount = amount(0));
    variant!(list, OrderMatching, false, "of so little that it costs nothing", |l, op| {
        op.maker.body.amount = amount(5);
        op.maker.body.price = Price::new(1).unwrap_or(op.maker.body.price)
    });
    variant!(list, OrderMatching, false, "of a nonce that an empty slot does not have", |l, op| {
        op.maker.body.nonce = nonce(4)
    });
    variant!(list, OrderMatching, false, "of a nonce beyond the next", |l, op| op.taker.body.nonce = nonce(5));
    for id in [ALICE, BOB] {
        variant!(list, OrderMatching, false, "of the slot's last order, used up", |l, op| {
            l.set_leaf(id, Branch::Orders, at, slot((1 << 24) - 1, if id == ALICE { 0 } else { 20 * ONE }));
            let order = if id == ALICE { &mut op.maker.body } else { &mut op.taker.body };
            order.nonce = nonce((1 << 24) - 1);
            op.maker.body.amount = amount(20 * ONE)
        });
    }
    variant!(list, OrderMatching, true, "of orders just below 2^128, in part", |l, op| {
        let part = 10u128.pow(28);
        for (id, token) in [(ALICE, ETHER), (BOB, USD)] {
            l.set_leaf(id, Branch::Balances, leaf_index(SUB, token), Fr::from_u128(100 * part));
            l.set_leaf(id, Branch::Orders, at, slot(3, 0));
        }
        for order in [&mut op.maker.body, &mut op.taker.body] {
            order.price = Price::new(ONE).unwrap_or(order.price);
            order.amount = PackedAmount::from_bits(34_028_236_692 << 5 | 28).unwrap_or(order.amount)
        }
        op.expected_base = part
    });
    variant!(list, OrderMatching, true, "at the highest prices, the maker buying", |l, op| {
        std::mem::swap(&mut op.maker, &mut op.taker);
        for order in [&mut op.maker.body, &mut op.taker.body] {
            order.price = Price::new((1 << 120) - 1).unwrap_or(order.price)
        }
        op.expected_base = 100
    });
    variant!(list, OrderMatching, true, "at the highest prices", |l, op| {
        for order in [&mut op.maker.body, &mut op.taker.body] {
            order.price = Price::new((1 << 120) - 1).unwrap_or(order.price)
        }
        op.expected_base = 100
    });
    variant!(list, OrderMatching, true, "where all limits are reached at once", |l, op| {
        op.maker.body.amount = amount(20 * ONE);
        op.maker.body.price = Price::new(5 * ONE / 2).unwrap_or(op.maker.body.price);
        (op.expected_base, op.expected_quote) = (20 * ONE, 50 * ONE)
    });
    variant!(list, OrderMatching, true, "of two tokens of chains", |l, op| {
        for order in [&mut op.maker.body, &mut op.taker.body] {
            order.quote_token = STABLE
        }
        op.fee_token = ETHER
    });
    variant!(list, OrderMatching, false, "after the maker's time", |l, op| op.maker.body.expiry = TIMESTAMP - 1);
    variant!(list, OrderMatching, false, "after the taker's time", |l, op| op.taker.body.expiry = TIMESTAMP - 1);
    variant!(list, OrderMatching, false, "after its time", |l, op| op.time = TIMESTAMP - 1);
    variant!(list, OrderMatching, false, "of what the seller does not have", |l, op| {
        l.set_leaf(ALICE, Branch::Balances, leaf_index(SUB, ETHER), Fr::ZERO)
    });
    variant!(list, OrderMatching, false, "of what the buyer does not have", |l, op| {
        l.set_leaf(BOB, Branch::Balances, leaf_index(SUB, USD), Fr::ZERO)
    });
    variant!(list, OrderMatching, false, "that is not paid for", |l, op| {
        l.set_leaf(SUBMITTER, Branch::Balances, leaf_index(SUB, USD), Fr::ZERO)
    });
    variant!(list, OrderMatching, false, "with the submitter's last nonce", |l, op| {
        op.nonce = last_nonce(l, SUBMITTER)
    });
}
