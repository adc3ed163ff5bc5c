//! The stored state: what opening refuses, that commits are whole, and that damage is noticed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod common;

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use common::*;
use penstock_circuits::operation::{Deposit, Owner, SignedOperation};
use penstock_circuits::state::{State, StateError, View};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha20Rng;
use redb::{Database, ReadableTable, TableDefinition};

const CRASH_FOLDER: &str = "PENSTOCK_TEST_CRASH_FOLDER";
const COMMITTED: &str = "committed block ";

/// Pays Alice one and opens an account for a new owner.
fn pay_alice(state: &State) -> Vec<SignedOperation> {
    let head = state.view().unwrap().head();
    let mut owner = Owner([0x77; 32]);
    owner.0[24..].copy_from_slice(&head.number.to_be_bytes());
    let (account, (l1_token, l2_token)) = (head.next_account, (STABLE, USD));
    vec![
        deposit(ETHEREUM, ALICE_ID, (ETHER, ETHER), 1, ALICE),
        SignedOperation::Deposit(Deposit {
            chain: POLYGON,
            account,
            sub: 0,
            l1_token,
            l2_token,
            amount: 1,
            owner,
            by_owner: false,
        }),
    ]
}

#[test]
fn a_state_reopens_as_it_was_committed() {
    let (folder, state) = fresh(&genesis());
    state.apply(&sample_block()).unwrap();
    let (head, accounts) = (state.view().unwrap().head(), state.view().unwrap().accounts().unwrap());
    drop(state);
    let state = State::open(folder.path()).unwrap();
    let view = state.view().unwrap();
    assert_eq!((view.head(), view.accounts().unwrap()), (head, accounts));
    assert_eq!((head.number, head.next_account), (1, 7));
    assert_eq!(view.accounts_of(&DAVE.owner()).unwrap(), [6]);
    assert!(view.accounts_of(&Person(9).owner()).unwrap().is_empty());
    view.check().unwrap();
}

#[test]
fn executing_changes_nothing_and_a_view_is_not_moved_by_commits() {
    let (_folder, state) = fresh(&genesis());
    let before = state.view().unwrap();
    let (trace, changes) = state.execute(&sample_block()).unwrap();
    assert_eq!(state.view().unwrap().head(), before.head());
    assert_eq!(changes.head().root, trace.new_root);
    state.commit(changes).unwrap();
    assert_eq!(state.view().unwrap().root(), trace.new_root);
    assert_eq!(before.root(), trace.old_root);
    assert_eq!(before.balances(ALICE_ID).unwrap(), [(0, USD, 20 * ONE)]);
}

#[test]
fn changes_of_another_state_are_refused() {
    let (_folder, state) = fresh(&genesis());
    let (_, first) = state.execute(&sample_block()).unwrap();
    let (_, second) = state.execute(&sample_block()).unwrap();
    state.commit(first).unwrap();
    let head = state.view().unwrap().head();
    assert!(matches!(state.commit(second), Err(StateError::Stale { expected: 0, found: 1 })));
    assert_eq!(state.view().unwrap().head(), head);
}

#[test]
fn missing_present_and_foreign_folders_are_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    assert!(matches!(State::open(folder.path()), Err(StateError::Missing(_))));
    let state = State::init(folder.path(), &genesis()).unwrap();
    assert!(matches!(State::open(folder.path()), Err(StateError::Locked(_))));
    drop(state);
    assert!(matches!(State::init(folder.path(), &genesis()), Err(StateError::Exists(_))));

    std::fs::write(folder.path().join("state.redb"), b"not a database").unwrap();
    assert!(matches!(State::open(folder.path()), Err(StateError::Database(_))));
    std::fs::write(folder.path().join("file"), b"").unwrap();
    assert!(matches!(State::init(&folder.path().join("file"), &genesis()), Err(StateError::Io { .. })));
}

#[test]
fn readers_see_the_last_commit_beside_whoever_has_the_state_open() {
    let (folder, state) = fresh(&genesis());
    let before = View::open(folder.path()).unwrap();
    state.apply(&sample_block()).unwrap();
    let [one, other] = [(); 2].map(|()| View::open(folder.path()).unwrap());
    assert_eq!((before.head().number, one.head().number), (0, 1));
    other.check().unwrap();
    drop(state);
    // A reader alone keeps the next writer waiting for a moment only.
    let alone = View::open(folder.path()).unwrap();
    let reader = std::thread::spawn(move || {
        std::thread::sleep(Duration::from_millis(200));
        drop(alone);
    });
    drop((before, one, other));
    let state = State::open(folder.path()).unwrap();
    assert_eq!(state.view().unwrap().head().number, 1);
    reader.join().unwrap();
}

#[test]
fn of_two_that_initialise_at_once_one_wins() {
    let folder = tempfile::tempdir().unwrap();
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let start = || State::init(folder.path(), &genesis()).map(drop);
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(start)).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| outcome.is_ok()).count(), 1, "{outcomes:?}");
    let refused = |outcome: &Result<(), StateError>| matches!(outcome, Ok(()) | Err(StateError::Exists(_)));
    assert!(outcomes.iter().all(refused), "{outcomes:?}");
    View::open(folder.path()).unwrap().check().unwrap();
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn an_interrupted_initialisation_is_no_state_and_can_be_repeated() {
    let folder = tempfile::tempdir().unwrap();
    drop(Database::create(folder.path().join("state.redb")).unwrap());
    assert!(matches!(State::open(folder.path()), Err(StateError::Missing(_))));
    let state = State::init(folder.path(), &genesis()).unwrap();
    state.view().unwrap().check().unwrap();
}

#[test]
fn a_state_of_another_format_is_refused() {
    let (folder, state) = fresh(&genesis());
    drop(state);
    let head: TableDefinition<(), (u32, u64, u32, [u8; 32])> = TableDefinition::new("head");
    edit(folder.path(), |transaction| {
        transaction.open_table(head).unwrap().insert((), (1, 0, 5, [0; 32])).unwrap();
    });
    assert!(matches!(State::open(folder.path()), Err(StateError::Version { found: 1, expected: 2 })));
}

fn edit(folder: &Path, change: impl FnOnce(&redb::WriteTransaction)) {
    let database = Database::open(folder.join("state.redb")).unwrap();
    let transaction = database.begin_write().unwrap();
    change(&transaction);
    transaction.commit().unwrap();
}

#[test]
fn every_damaged_node_is_found_by_the_check_and_stops_the_operations_that_pass_it() {
    const NODES: TableDefinition<(u8, u32, u8, u32), [u8; 32]> = TableDefinition::new("nodes");
    let (folder, state) = fresh(&genesis());
    drop(state);
    let mut keys = Vec::new();
    edit(folder.path(), |transaction| {
        keys = transaction.open_table(NODES).unwrap().iter().unwrap().map(|row| row.unwrap().0.value()).collect();
    });
    // The path of Alice's pooled USD, and that of her account.
    let on_path = |(tree, account, level, index): (u8, u32, u8, u32)| match tree {
        1 => account == ALICE_ID && index == u32::from(USD) >> level,
        _ => index == ALICE_ID >> level || (index ^ 1) == ALICE_ID >> level,
    };
    let mut stopped = 0;
    for key in keys.into_iter().filter(|key| key.0 == 0 || key.1 == ALICE_ID) {
        let mut original = [0; 32];
        edit(folder.path(), |transaction| {
            let mut table = transaction.open_table(NODES).unwrap();
            original = table.get(key).unwrap().unwrap().value();
            let mut damaged = original;
            damaged[31] ^= 1;
            table.insert(key, damaged).unwrap();
        });
        let state = State::open(folder.path()).unwrap();
        assert!(matches!(state.view().unwrap().check(), Err(StateError::Corrupt(_))), "{key:?}");
        if on_path(key) {
            let operation = deposit(ETHEREUM, ALICE_ID, (STABLE, USD), 1, ALICE);
            let refused = state.execute(&next_block(&state, vec![operation])).unwrap_err();
            assert!(refused.to_string().contains("corrupt"), "{key:?}: {refused}");
            stopped += 1;
        }
        drop(state);
        edit(folder.path(), |transaction| drop(transaction.open_table(NODES).unwrap().insert(key, original).unwrap()));
    }
    assert!(stopped >= 45, "{stopped}");
    State::open(folder.path()).unwrap().view().unwrap().check().unwrap();
}

#[test]
fn a_damaged_file_is_refused_or_still_whole() {
    let (folder, state) = fresh(&genesis());
    state.apply(&sample_block()).unwrap();
    drop(state);
    let path = folder.path().join("state.redb");
    let good = std::fs::read(&path).unwrap();
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut refused = 0;
    for round in 0..60 {
        let mut damaged = good.clone();
        match round % 3 {
            0 => damaged.truncate(rng.gen_range(0..good.len())),
            flips => {
                (0..1 << (4 * flips)).for_each(|_| damaged[rng.gen_range(0..good.len())] ^= 1 << rng.gen_range(0..8))
            }
        }
        std::fs::write(&path, &damaged).unwrap();
        match State::open(folder.path()) {
            Ok(state) => state.view().unwrap().check().unwrap(),
            Err(_) => refused += 1,
        }
    }
    assert!(refused >= 20, "{refused}");
    std::fs::write(&path, &good).unwrap();
    assert_eq!(State::open(folder.path()).unwrap().view().unwrap().head().number, 1);
}

/// Not a test by itself: the process that the next test kills. Says which blocks it has committed.
#[test]
fn child_that_commits_until_it_is_killed() {
    let Some(folder) = std::env::var_os(CRASH_FOLDER) else { return };
    let state = State::open(Path::new(&folder)).unwrap();
    loop {
        let trace = state.apply(&next_block(&state, pay_alice(&state))).unwrap();
        println!("\n{COMMITTED}{}", trace.number);
    }
}

#[test]
fn a_killed_process_leaves_whole_blocks_and_all_that_it_committed() {
    let (folder, state) = fresh(&genesis());
    drop(state);
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut last = 0;
    for _ in 0..12 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_commits_until_it_is_killed", "--nocapture"])
            .env(CRASH_FOLDER, folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut committed = lines.filter_map(|line| line.strip_prefix(COMMITTED)?.parse::<u64>().ok());
        let first = committed.next().expect("the child ended by itself");
        assert_eq!(first, last + 1);
        std::thread::sleep(Duration::from_micros(rng.gen_range(0..30_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        let said = committed.last().unwrap_or(first);
        last = assert_whole(folder.path());
        // The last commit may have been killed before it was announced.
        assert!(last == said || last == said + 1, "the child committed {said}, the state is at {last}");
    }
}

/// Every block so far paid Alice one and opened one account; returns the last block's number.
fn assert_whole(folder: &Path) -> u64 {
    let state = State::open(folder).unwrap();
    let view = state.view().unwrap();
    view.check().unwrap();
    let number = view.head().number;
    assert_eq!(view.balance(ALICE_ID, 0, ETHER).unwrap(), u128::from(number));
    assert_eq!(u64::from(view.head().next_account), 5 + number);
    assert_eq!(view.balance(1, POLYGON, 2).unwrap(), u128::from(number));
    number
}
