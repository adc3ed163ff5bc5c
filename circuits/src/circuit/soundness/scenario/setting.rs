//! The state and the operations that scenarios are made of, as they should be.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::super::liar::{Branch, LyingLedger};
use super::{Program, Scenario};
use crate::babyjubjub::Point;
use crate::chain::Chains;
use crate::circuit::programs::frame::{ChainState, Running, Shared};
use crate::eddsa::Signature;
use crate::operation::*;
use crate::packing::{Packed, PackedAmount, PackedFee};
use crate::trace::Slot;
use crate::tree::leaf_index;

/// When the blocks here are made.
pub(super) const TIMESTAMP: u32 = 1_790_000_000;
pub(super) const USD: u16 = 1;
pub(super) const STABLE: u16 = 17;
pub(super) const ETHER: u16 = 32;
pub(super) const CHAIN: u8 = 2;
pub(super) const SUB: u8 = 1;
pub(super) const ONE: u128 = 1_000_000_000_000_000_000;

/// Nonces from here on, with something in each of their bytes.
pub(super) const NONCE: u32 = 0x0201_0304;

pub(super) const SUBMITTER: u32 = 2;
pub(super) const ALICE: u32 = 3;
pub(super) const BOB: u32 = 4;
/// Has no key; has acted on chains 1 and 2.
pub(super) const CAROL: u32 = 5;
pub(super) const FREE: u32 = 6;

/// A state and an operation, to be changed before they are run.
pub(super) struct Setting {
    pub(super) ledger: LyingLedger,
    pub(super) operation: SignedOperation,
}

pub(super) fn owner(id: u32) -> Owner {
    let mut bytes = [0x11; 32];
    bytes[0] = id as u8 + 1;
    bytes[31] = 0x80 + id as u8;
    Owner(bytes)
}

pub(super) fn key(id: u32) -> PubKeyHash {
    PubKeyHash([0xa0 + id as u8; 20])
}

fn unsigned<T>(body: T) -> Signed<T> {
    let point = Point { x: Fr::ZERO, y: Fr::ONE };
    Signed { body, public_key: point, signature: Signature { r8: point, s: Fr::ZERO } }
}

fn ledger() -> LyingLedger {
    let mut ledger = LyingLedger::new(Deployment(Fr::from(0xde_9107)));
    for id in [0, SUBMITTER, ALICE, BOB, CAROL] {
        ledger.set_account(id, |account| {
            account.owner = owner(id);
            account.nonce = NONCE + id;
            account.chains = Chains::from_bits(0b011).unwrap_or_default();
            if id != CAROL {
                account.pkh = key(id);
            }
        });
        for (sub, token) in [(SUB, USD), (SUB, STABLE), (SUB, ETHER), (0, USD)] {
            ledger.set_leaf(id, Branch::Balances, leaf_index(sub, token), Fr::from_u128(1_000_000 * ONE));
        }
    }
    for (chain, token) in [(1, ETHER), (CHAIN, ETHER), (CHAIN, STABLE), (CHAIN, STABLE - 15)] {
        ledger.set_leaf(RESERVES, Branch::Balances, leaf_index(chain, token), Fr::from_u128(50_000_000 * ONE));
    }
    ledger
}

pub(super) fn amount(value: u128) -> PackedAmount {
    packed(PackedAmount::new(value))
}

pub(super) fn fee(value: u128) -> PackedFee {
    packed(PackedFee::new(value))
}

/// The values here do pack; zero stands for those that did not.
fn packed<const M: u32, E>(value: Result<Packed<M>, E>) -> Packed<M> {
    value.ok().or_else(|| Packed::from_bits(0)).unwrap_or_else(|| unreachable!("zero packs"))
}

fn order(account: u32, is_sell: bool) -> Order {
    let price = if is_sell { 5 * ONE / 2 } else { 13 * ONE / 5 } + 7;
    Order {
        account,
        sub: SUB,
        slot: 9,
        nonce: nonce(3),
        base_token: ETHER,
        quote_token: USD,
        price: Price::new(price).unwrap_or_else(|_| unreachable!("a price in range")),
        is_sell,
        maker_ratio: 10,
        taker_ratio: 20,
        amount: amount(if is_sell { 30 * ONE } else { 40 * ONE }),
        expiry: TIMESTAMP + 5,
    }
}

pub(super) fn nonce(value: u32) -> OrderNonce {
    OrderNonce::try_from(value).unwrap_or_else(|_| unreachable!("a nonce in range"))
}

impl Setting {
    pub(super) fn new(kind: Kind) -> Self {
        let mut ledger = ledger();
        let (fee, time) = (fee(ONE / 10), TIMESTAMP + 9);
        let (pool, ether) = ((STABLE, USD), (ETHER, ETHER));
        let operation = match kind {
            Kind::Noop => SignedOperation::Noop(Noop {}),
            Kind::Deposit => SignedOperation::Deposit(Deposit {
                chain: CHAIN,
                account: ALICE,
                sub: SUB,
                l1_token: pool.0,
                l2_token: pool.1,
                amount: 5 * ONE + 1,
                owner: owner(ALICE),
                by_owner: true,
            }),
            Kind::Transfer => SignedOperation::Transfer(unsigned(Transfer {
                from: ALICE,
                from_sub: SUB,
                token: ETHER,
                amount: amount(3 * ONE),
                to: BOB,
                to_sub: SUB,
                to_owner: owner(BOB),
                fee,
                nonce: NONCE + ALICE,
                time,
            })),
            Kind::TransferToNew => SignedOperation::TransferToNew(unsigned(TransferToNew {
                from: ALICE,
                from_sub: SUB,
                token: ETHER,
                amount: amount(3 * ONE),
                to: FREE,
                to_sub: SUB,
                to_owner: owner(FREE),
                fee,
                nonce: NONCE + ALICE,
                time,
            })),
            Kind::Withdraw => SignedOperation::Withdraw(unsigned(Withdraw {
                chain: CHAIN,
                account: ALICE,
                sub: SUB,
                to: owner(7),
                l1_token: pool.0,
                l2_token: pool.1,
                amount: 5 * ONE + 1,
                fee,
                nonce: NONCE + ALICE,
                fast: true,
                fee_ratio: 30,
                time,
            })),
            Kind::FullExit => SignedOperation::FullExit(FullExit {
                chain: CHAIN,
                account: ALICE,
                sub: SUB,
                owner: owner(ALICE),
                l1_token: pool.0,
                l2_token: pool.1,
            }),
            Kind::ChangePubKey => SignedOperation::ChangePubKey(unsigned(ChangePubKey {
                chain: CHAIN,
                account: ALICE,
                sub: SUB,
                pub_key_hash: key(9),
                fee_token: ETHER,
                fee,
                nonce: NONCE + ALICE,
                time,
            })),
            Kind::ForcedExit => SignedOperation::ForcedExit(unsigned(ForcedExit {
                chain: CHAIN,
                initiator: ALICE,
                initiator_sub: SUB,
                target: CAROL,
                target_sub: SUB,
                target_owner: owner(CAROL),
                l1_token: ether.0,
                l2_token: ether.1,
                fee_token: USD,
                fee,
                nonce: NONCE + ALICE,
                time,
            })),
            Kind::OrderMatching => {
                for (id, left) in [(ALICE, 0), (BOB, 20 * ONE)] {
                    let slot = Slot { nonce: 3, residue: left };
                    ledger.set_leaf(id, Branch::Orders, leaf_index(SUB, 9), slot.leaf());
                }
                SignedOperation::OrderMatching(Box::new(unsigned(OrderMatching {
                    submitter: SUBMITTER,
                    sub: SUB,
                    maker: unsigned(order(ALICE, true)),
                    taker: unsigned(order(BOB, false)),
                    fee_token: USD,
                    fee,
                    expected_base: 0,
                    expected_quote: 0,
                    nonce: NONCE + SUBMITTER,
                    time,
                })))
            }
        };
        Self { ledger, operation }
    }

    /// The program's run in mid-block.
    pub(super) fn scenario(mut self, name: &'static str, legal: bool) -> Scenario {
        let program = Program::Operation(self.operation.kind());
        let shared =
            Shared { z: Fr::from(0x2717), deployment: Fr::from(0xde_9107), timestamp: Fr::from(u64::from(TIMESTAMP)) };
        let trace = self.ledger.block(&Block { number: 1, timestamp: TIMESTAMP, operations: vec![self.operation] });
        let mut running = Running::start(trace.old_root, shared);
        (running.sequence, running.fold, running.evaluation) = (7, Fr::from(0xf01d), Fr::from(0xe0a1));
        running.chains.insert(CHAIN.into(), ChainState { last: 5, evaluation: Fr::from(0xc4a1) });
        running.chains.insert(1, ChainState { last: 2, evaluation: Fr::from(0xc4a2) });
        for key in [(0, u64::from(USD)), (0, u64::from(ETHER)), (u64::from(SUBMITTER), u64::from(ETHER))] {
            running.fees.insert(key, Fr::from_u128(ONE / 7));
        }
        Scenario { name, number: 0, legal, program, trace, running }
    }
}

macro_rules! variant {
    ($list:ident, $kind:ident, $legal:expr, $name:expr, |$ledger:ident, $body:ident| $change:expr) => {{
        let mut setting = Setting::new(Kind::$kind);
        {
            let $ledger = &mut setting.ledger;
            variant!(@body $kind, setting, $body);
            let _ = (&$ledger, &$body);
            $change;
        }
        $list.push(setting.scenario($name, $legal));
    }};
    (@body Deposit, $setting:ident, $body:ident) => { let SignedOperation::Deposit($body) = &mut $setting.operation else { unreachable!("a deposit") }; };
    (@body FullExit, $setting:ident, $body:ident) => { let SignedOperation::FullExit($body) = &mut $setting.operation else { unreachable!("a full exit") }; };
    (@body Noop, $setting:ident, $body:ident) => { let $body = &mut $setting.operation; };
    (@body $kind:ident, $setting:ident, $body:ident) => {
        let SignedOperation::$kind(signed) = &mut $setting.operation else { unreachable!("the kind that was asked for") };
        let $body = &mut signed.body;
    };
}
pub(super) use variant;
