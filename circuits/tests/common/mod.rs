//! What the tests of state and execution share: people with keys, the state they start from, and checks of a trace.

#![allow(dead_code, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use halo2curves::bn256::Fr;
use penstock_circuits::chain::Chain;
use penstock_circuits::eddsa::PrivateKey;
use penstock_circuits::operation::*;
use penstock_circuits::packing::{PackedAmount, PackedFee};
use penstock_circuits::state::{Genesis, GenesisAccount, GenesisBalance, GenesisReserve, State};
use penstock_circuits::trace::{AccountUpdate, BlockTrace, Outcome, PathUpdate};
use tempfile::TempDir;

pub const USD: u16 = 1;
/// A stablecoin that pools into [`USD`].
pub const STABLE: u16 = 17;
pub const ETHER: u16 = 32;
/// One token, whichever: all count 18 decimals here.
pub const ONE: u128 = 1_000_000_000_000_000_000;
pub const TIME: u32 = 1_790_000_000;

/// The samples' rollup.
pub const DEPLOYMENT: Deployment = Deployment(Fr::from_raw([0x7065_6e73_746f_636b, 0, 0, 1]));

pub const ETHEREUM: u8 = Chain::Ethereum.id();
pub const POLYGON: u8 = Chain::Polygon.id();
pub const LINEA: u8 = Chain::Linea.id();

/// Someone with an address and a key, both made of one byte.
#[derive(Clone, Copy)]
pub struct Person(pub u8);

impl Person {
    pub fn owner(self) -> Owner {
        let mut owner = [0; 32];
        owner[12..].fill(self.0);
        Owner(owner)
    }

    pub fn key(self) -> PrivateKey {
        PrivateKey::new([self.0; 32])
    }

    pub fn pkh(self) -> PubKeyHash {
        PubKeyHash::of(&self.key().public_key())
    }

    pub fn sign<T: Message>(self, body: T) -> Signed<T> {
        Signed::sign(body, &self.key(), DEPLOYMENT).unwrap()
    }
}

pub const COLLECTOR_PERSON: Person = Person(0xfe);
pub const SUBMITTER: Person = Person(0x5b);
pub const ALICE: Person = Person(0xa1);
pub const BOB: Person = Person(0xb0);
pub const CAROL: Person = Person(0xca);
pub const DAVE: Person = Person(0xda);

pub const SUBMITTER_ID: u32 = 2;
pub const ALICE_ID: u32 = 3;
pub const BOB_ID: u32 = 4;

pub fn amount(value: u128) -> PackedAmount {
    PackedAmount::new(value).unwrap()
}

pub fn fee(value: u128) -> PackedFee {
    PackedFee::new(value).unwrap()
}

pub fn balance(sub: u8, token: u16, amount: u128) -> GenesisBalance {
    GenesisBalance { sub, token, amount }
}

fn account(person: Person, balances: &[(u8, u16, u128)]) -> GenesisAccount {
    let balances = balances.iter().map(|(sub, token, amount)| balance(*sub, *token, *amount));
    GenesisAccount { owner: person.owner(), pub_key_hash: person.pkh(), balances: balances.collect() }
}

/// Collector, submitter (2), Alice (3) and Bob (4) with keys; some pooled USD, held on Ethereum.
pub fn genesis() -> Genesis {
    Genesis {
        deployment: DEPLOYMENT,
        collector: account(COLLECTOR_PERSON, &[]),
        accounts: vec![
            account(SUBMITTER, &[(0, USD, 100 * ONE)]),
            account(ALICE, &[(0, USD, 20 * ONE)]),
            account(BOB, &[]),
        ],
        reserves: vec![GenesisReserve { chain: ETHEREUM, l1_token: STABLE, l2_token: USD, amount: 120 * ONE }],
    }
}

/// A fresh state; the folder lives as long as the first value.
pub fn fresh(genesis: &Genesis) -> (TempDir, State) {
    let folder = tempfile::tempdir().unwrap();
    let state = State::init(folder.path(), genesis).unwrap();
    (folder, state)
}

/// The next block of a state.
pub fn next_block(state: &State, operations: Vec<SignedOperation>) -> Block {
    Block { number: state.view().unwrap().head().number + 1, timestamp: TIME, operations }
}

pub fn deposit(
    chain: u8,
    account: u32,
    (l1_token, l2_token): (u16, u16),
    amount: u128,
    who: Person,
) -> SignedOperation {
    let owner = who.owner();
    SignedOperation::Deposit(Deposit { chain, account, sub: 0, l1_token, l2_token, amount, owner, by_owner: true })
}

pub fn transfer_body(from: u32, to: u32, to_owner: Owner, token: u16, value: u128, nonce: u32) -> Transfer {
    Transfer {
        from,
        from_sub: 0,
        token,
        amount: amount(value),
        to,
        to_sub: 0,
        to_owner,
        fee: fee(ONE / 10),
        nonce,
        time: TIME,
    }
}

pub fn order(account: u32, is_sell: bool, price: u128, value: u128) -> Order {
    Order {
        account,
        sub: 0,
        slot: 0,
        nonce: OrderNonce::try_from(0).unwrap(),
        base_token: ETHER,
        quote_token: USD,
        price: Price::new(price).unwrap(),
        is_sell,
        maker_ratio: 10,
        taker_ratio: 20,
        amount: amount(value),
        expiry: TIME,
    }
}

pub fn matching(maker: Signed<Order>, taker: Signed<Order>) -> OrderMatching {
    OrderMatching {
        submitter: SUBMITTER_ID,
        sub: 0,
        maker,
        taker,
        fee_token: USD,
        fee: fee(ONE / 5),
        expected_base: 0,
        expected_quote: 0,
        nonce: 0,
        time: TIME,
    }
}

/// One of every kind over three chains, from [`genesis`].
pub fn sample_block() -> Block {
    let carol_id = 5;
    let dave_id = 6;
    let sell = ALICE.sign(order(ALICE_ID, true, 2_500 * ONE, ONE));
    let buy = BOB.sign(order(BOB_ID, false, 2_510 * ONE, ONE + ONE / 5));
    let operations = vec![
        deposit(ETHEREUM, ALICE_ID, (ETHER, ETHER), 2 * ONE, ALICE),
        deposit(POLYGON, BOB_ID, (STABLE, USD), 6_000 * ONE, BOB),
        deposit(LINEA, carol_id, (ETHER, ETHER), ONE + ONE / 2, CAROL),
        SignedOperation::OrderMatching(Box::new(SUBMITTER.sign(matching(sell, buy)))),
        SignedOperation::Withdraw(BOB.sign(Withdraw {
            chain: LINEA,
            account: BOB_ID,
            sub: 0,
            to: BOB.owner(),
            l1_token: ETHER,
            l2_token: ETHER,
            amount: ONE / 10 * 9,
            fee: fee(ONE / 1_000),
            nonce: 0,
            fast: false,
            fee_ratio: 0,
            time: TIME,
        })),
        SignedOperation::Transfer(ALICE.sign(transfer_body(ALICE_ID, BOB_ID, BOB.owner(), USD, 100 * ONE, 0))),
        SignedOperation::TransferToNew(BOB.sign(TransferToNew {
            from: BOB_ID,
            from_sub: 0,
            token: USD,
            amount: amount(50 * ONE),
            to: dave_id,
            to_sub: 0,
            to_owner: DAVE.owner(),
            fee: fee(ONE / 10),
            nonce: 1,
            time: TIME,
        })),
        SignedOperation::ChangePubKey(DAVE.sign(ChangePubKey {
            chain: POLYGON,
            account: dave_id,
            sub: 0,
            pub_key_hash: DAVE.pkh(),
            fee_token: USD,
            fee: fee(ONE / 2),
            nonce: 0,
            time: TIME,
        })),
        SignedOperation::ForcedExit(ALICE.sign(ForcedExit {
            chain: LINEA,
            initiator: ALICE_ID,
            initiator_sub: 0,
            target: carol_id,
            target_sub: 0,
            target_owner: CAROL.owner(),
            l1_token: ETHER,
            l2_token: ETHER,
            fee_token: USD,
            fee: fee(ONE / 5),
            nonce: 1,
            time: TIME,
        })),
        SignedOperation::FullExit(FullExit {
            chain: POLYGON,
            account: dave_id,
            sub: 0,
            owner: DAVE.owner(),
            l1_token: STABLE,
            l2_token: USD,
        }),
        SignedOperation::Noop(Noop {}),
    ];
    Block { number: 1, timestamp: TIME, operations }
}

/// Recomputes every root of a trace from leaves and siblings, and follows the chain of roots through the block.
pub fn assert_consistent(trace: &BlockTrace) {
    let mut root = trace.old_root;
    for operation in &trace.operations {
        let updates: Vec<usize> = operation.updates.iter().map(|update| update.leaves.len()).collect();
        let expected: &[usize] = match operation.outcome {
            Outcome::Noop => &[],
            Outcome::ChangePubKey { .. } => &[1],
            Outcome::ForcedExit { .. } => &[1, 1, 1],
            Outcome::OrderMatching(_) => &[3, 3, 1],
            _ => &[1, 1],
        };
        assert_eq!(updates, expected);
        for update in &operation.updates {
            root = assert_account_update(update, root);
        }
        assert_eq!(operation.pubdata.bytes().len(), 23 * operation.operation.kind().chunks());
        assert_eq!(operation.pubdata.bytes()[0], operation.operation.kind().code());
    }
    for credit in &trace.credits {
        assert!(credit.total != 0 && credit.update.leaves.len() == 1);
        root = assert_account_update(&credit.update, root);
    }
    assert_eq!(root, trace.new_root);
    assert!(trace.credits.is_sorted_by_key(|credit| (credit.account, credit.token)));
}

fn assert_account_update(update: &AccountUpdate, root: Fr) -> Fr {
    let (mut balances, mut orders) = (update.before.balance_root, update.before.order_root);
    let slots = if update.leaves.len() == 3 { 1 } else { 0 };
    for (position, leaf) in update.leaves.iter().enumerate() {
        let tree = if position < slots { &mut orders } else { &mut balances };
        *tree = assert_path(leaf, 21, *tree);
    }
    assert_eq!((balances, orders), (update.after.balance_root, update.after.order_root));
    assert_eq!(update.path.index, u64::from(update.id));
    assert_eq!((update.path.old_leaf, update.path.new_leaf), (update.before.leaf(), update.after.leaf()));
    assert_path(&update.path, 24, root)
}

fn assert_path(path: &PathUpdate, depth: usize, root: Fr) -> Fr {
    assert_eq!((path.siblings.len(), path.old_root), (depth, root));
    assert_eq!(path.root_of(path.old_leaf), path.old_root);
    assert_eq!(path.root_of(path.new_leaf), path.new_root);
    path.new_root
}
