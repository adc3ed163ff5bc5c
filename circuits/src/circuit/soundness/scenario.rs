//! Where the campaign over items starts: operations on a small state, one program's run each, legal ones and nearly legal ones.
//!
//! Nearly legal ones break a rule, and the lying ledger writes down what comes of it: often exactly one item objects, which is the
//! proof that the rule needs it. The search in [`super::items`] shifts values of the legal ones.

use halo2curves::bn256::Fr;
use halo2curves::ff::{Field, PrimeField};

use super::liar::{Branch, LyingLedger};
use super::world::{Objection, Others, World};
use crate::babyjubjub::Point;
use crate::chain::Chains;
use crate::circuit::bus::Tag;
use crate::circuit::programs::block::{Ends, block};
use crate::circuit::programs::credit::credit;
use crate::circuit::programs::frame::{ChainState, Running, Shared};
use crate::circuit::programs::write;
use crate::circuit::slot::{Builder, Constraint, Lies};
use crate::eddsa::Signature;
use crate::operation::*;
use crate::packing::{PackedAmount, PackedFee};
use crate::trace::{BlockTrace, Slot};
use crate::tree::leaf_index;

/// What programs there are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Program {
    /// Of a kind of operation.
    Operation(Kind),
    /// Of a fee credit.
    Credit,
    /// Of the block's own slot.
    Block,
}

impl Program {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Self> {
        Kind::ALL.into_iter().map(Self::Operation).chain([Self::Credit, Self::Block])
    }

    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Operation(kind) => kind.name(),
            Self::Credit => "credit",
            Self::Block => "block",
        }
    }
}

/// Chains of the blocks here.
pub const CHAINS: u64 = 31;
/// When the blocks here are made.
pub const TIMESTAMP: u32 = 1_790_000_000;
const USD: u16 = 1;
const STABLE: u16 = 17;
const ETHER: u16 = 32;
const CHAIN: u8 = 2;
const SUB: u8 = 1;
const ONE: u128 = 1_000_000_000_000_000_000;

/// Nonces from here on, with something in each of their bytes.
const NONCE: u32 = 0x0201_0304;

const SUBMITTER: u32 = 2;
const ALICE: u32 = 3;
const BOB: u32 = 4;
/// Has no key; has acted on chains 1 and 2.
const CAROL: u32 = 5;
const FREE: u32 = 6;

/// One run of a program.
#[derive(Clone)]
pub struct Scenario {
    /// What it is about.
    pub name: &'static str,
    /// Its place among the program's scenarios.
    pub number: usize,
    /// Whether an honest ledger does this.
    pub legal: bool,
    program: Program,
    trace: BlockTrace,
    running: Running,
}

impl Scenario {
    /// Runs the program, with lies about its values.
    pub fn run(&self, lies: Lies) -> Builder {
        let mut b = Builder::with_lies(true, lies);
        let mut running = self.running.clone();
        match self.program {
            Program::Operation(kind) => write(&mut b, kind, self.trace.operations.first(), &mut running),
            Program::Credit => drop(credit(&mut b, self.trace.credits.first(), 4, running.root)),
            Program::Block => drop(block(&mut b, &self.ends(), &running, CHAINS)),
        }
        b
    }

    fn ends(&self) -> Ends {
        Ends { old_root: self.trace.old_root, new_root: self.trace.new_root, credits: 4 }
    }

    /// All who object to these values, when every key's owner goes along.
    pub fn judge(&self, b: &Builder) -> Vec<Objection> {
        let mut world = self.world();
        world.conspire();
        self.ask(world, b)
    }

    /// The same when all is signed but what one item draws.
    pub fn judge_without_signature(&self, b: &Builder, number: usize) -> Vec<Objection> {
        let mut world = self.world();
        for (other, item) in b.items().iter().enumerate() {
            if let Constraint::Tuple { tag: Tag::Signature, elements: [pkh, message, ..], .. } = item.constraint
                && other != number
            {
                world.sign(b.value(pkh), b.value(message));
            }
        }
        self.ask(world, b)
    }

    fn world(&self) -> World {
        let mut world = World::default();
        for operation in &self.trace.operations {
            operation.updates.iter().for_each(|update| world.execute(update));
        }
        self.trace.credits.iter().for_each(|credit| world.execute(&credit.update));
        world
    }

    fn ask(&self, mut world: World, b: &Builder) -> Vec<Objection> {
        let root = if self.program == Program::Block { self.trace.new_root } else { self.running.root };
        let others = Others::Alone { running: &self.running, chains: CHAINS, credit: [Fr::from(4), root] };
        world.judge(b, self.running.shared, others)
    }
}

/// A state and an operation, to be changed before they are run.
pub struct Setting {
    ledger: LyingLedger,
    operation: SignedOperation,
}

fn owner(id: u32) -> Owner {
    let mut bytes = [0x11; 32];
    bytes[0] = id as u8 + 1;
    bytes[31] = 0x80 + id as u8;
    Owner(bytes)
}

fn key(id: u32) -> PubKeyHash {
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

fn amount(value: u128) -> PackedAmount {
    packed(PackedAmount::new(value))
}

fn fee(value: u128) -> PackedFee {
    packed(PackedFee::new(value))
}

/// The values here do pack; zero stands for those that did not.
fn packed<const M: u32, E>(value: Result<crate::packing::Packed<M>, E>) -> crate::packing::Packed<M> {
    value.ok().or_else(|| crate::packing::Packed::from_bits(0)).unwrap_or_else(|| unreachable!("zero packs"))
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

fn nonce(value: u32) -> OrderNonce {
    OrderNonce::try_from(value).unwrap_or_else(|_| unreachable!("a nonce in range"))
}

impl Setting {
    fn new(kind: Kind) -> Self {
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
    fn scenario(mut self, name: &'static str, legal: bool) -> Scenario {
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

/// Every run that the campaign starts from, of one program.
pub fn scenarios(program: Program) -> Vec<Scenario> {
    let mut scenarios = runs(program);
    scenarios.iter_mut().enumerate().for_each(|(number, scenario)| scenario.number = number);
    scenarios
}

fn runs(program: Program) -> Vec<Scenario> {
    match program {
        Program::Operation(kind) => {
            let mut list = vec![Setting::new(kind).scenario("as it should be", true)];
            variants(kind, &mut list);
            list
        }
        Program::Credit => {
            let mut scenario = Setting::new(Kind::Transfer).scenario("the collector's fees", true);
            scenario.program = Program::Credit;
            if let Some(credit) = scenario.trace.credits.first() {
                scenario.running.root = credit.update.path.old_root;
                let key = (u64::from(credit.account), u64::from(credit.token));
                scenario.running.fees.insert(key, Fr::from_u128(credit.total));
            }
            vec![scenario]
        }
        Program::Block => {
            let mut scenario = Setting::new(Kind::Transfer).scenario("a block of one transfer", true);
            scenario.program = Program::Block;
            let mut empty = scenario.clone();
            (empty.name, empty.legal) = ("an empty block", false);
            empty.running = Running::start(empty.trace.old_root, empty.running.shared);
            vec![scenario, empty]
        }
    }
}

/// Chains whose numbers less one have one bit: other bits could stand for it.
const FAR_CHAINS: [u8; 5] = [3, 5, 9, 17, 31];

fn only_first_chain(ledger: &mut LyingLedger, id: u32) {
    ledger.set_account(id, |account| account.chains = Chains::from_bits(1).unwrap_or_default());
}

#[allow(clippy::too_many_lines)] // One line a case.
fn variants(kind: Kind, list: &mut Vec<Scenario>) {
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
            variant!(list, Transfer, false, "with the last nonce", |l, op| {
                op.nonce = u32::MAX;
                l.set_account(ALICE, |account| account.nonce = u32::MAX)
            });
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
            variant!(list, TransferToNew, false, "with the last nonce", |l, op| {
                op.nonce = u32::MAX;
                l.set_account(ALICE, |account| account.nonce = u32::MAX)
            });
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
            variant!(list, Withdraw, false, "with the last nonce", |l, op| {
                op.nonce = u32::MAX;
                l.set_account(ALICE, |account| account.nonce = u32::MAX)
            });
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
            variant!(list, ChangePubKey, false, "with the last nonce", |l, op| {
                op.nonce = u32::MAX;
                l.set_account(ALICE, |account| account.nonce = u32::MAX)
            });
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
            variant!(list, ForcedExit, false, "with the last nonce", |l, op| {
                op.nonce = u32::MAX;
                l.set_account(ALICE, |account| account.nonce = u32::MAX)
            });
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
        op.nonce = u32::MAX;
        l.set_account(SUBMITTER, |account| account.nonce = u32::MAX)
    });
}
