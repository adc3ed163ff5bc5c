//! States: created, shown, exported, and refused.

use crate::people::{ALICE, BOB, ONE, block, example, transfer};
use crate::run::{run, text};
use penstock_circuits::operation::SignedOperation;
use penstock_circuits::state::State;
use std::fs;
use std::path::Path;

/// A state of the sample genesis.
fn init(folder: &Path) -> serde_json::Value {
    run(["state", "init", "--state", text(folder), "--genesis", text(&example("genesis.json")), "--json"]).success()
}

#[test]
fn a_state_shows_what_its_genesis_gave() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let made = init(&state);
    let shown = run(["state", "show", "--state", text(&state), "--json"]).success();
    assert_eq!(made, shown);
    assert_eq!((&shown["number"], &shown["next_account"]), (&0.into(), &5.into()));
    let alice = &shown["accounts"][2];
    assert_eq!((&alice["id"], &alice["balances"][0]["amount"]), (&3.into(), &(20 * ONE).to_string().into()));
    assert_eq!(shown["reserves"][0]["l1_token"], 17);
    let people = run(["state", "show", "--state", text(&state)]).stdout;
    assert!(people.contains("20000000000000000000") && people.contains("Ethereum"), "{people}");
}

#[test]
fn without_a_genesis_the_sample_is_taken_and_said_to_be_public() {
    let folder = tempfile::tempdir().unwrap();
    let sample = run(["state", "init", "--state", text(&folder.path().join("sample")), "--json"]);
    assert!(sample.stderr.contains("public"), "{sample:?}");
    assert_eq!(sample.success(), init(&folder.path().join("given")));
}

#[test]
fn an_export_leads_to_the_same_root() {
    let folder = tempfile::tempdir().unwrap();
    let [state, again, export] = ["state", "again", "export.json"].map(|name| folder.path().join(name));
    let root = init(&state)["root"].clone();
    fs::write(&export, run(["state", "export", "--state", text(&state)]).stdout).unwrap();
    let made = run(["state", "init", "--state", text(&again), "--genesis", text(&export), "--json"]).success();
    assert_eq!(made["root"], root);
}

#[test]
fn a_state_with_nonces_is_exported_in_full_and_init_refuses_it() {
    let folder = tempfile::tempdir().unwrap();
    let [state, again, export] = ["state", "again", "export.json"].map(|name| folder.path().join(name));
    init(&state);
    let operation = SignedOperation::Transfer(ALICE.sign(transfer(ALICE, BOB, ONE, 0)));
    State::open(&state).unwrap().apply(&block(1, vec![operation])).unwrap();
    let exported = run(["state", "export", "--state", text(&state), "--json"]);
    assert_eq!(exported.success()["accounts"][2]["nonce"], 1);
    assert!(exported.stderr.contains("genesis cannot hold"), "{exported:?}");
    fs::write(&export, &exported.stdout).unwrap();
    run(["state", "init", "--state", text(&again), "--genesis", text(&export), "--json"]).failure(
        3,
        "input",
        &["no genesis", "unknown field"],
    );
    assert!(!again.exists());
}

#[test]
fn states_that_are_missing_taken_or_open_elsewhere_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    run(["state", "show", "--state", text(&state), "--json"]).failure(3, "state", &["holds no state"]);
    init(&state);
    run(["state", "init", "--state", text(&state), "--json"]).failure(3, "state", &["already holds a state"]);
    let open = State::open(&state).unwrap();
    // Readers see what was committed last; who would change it is refused.
    for command in ["show", "export"] {
        run(["state", command, "--state", text(&state), "--json"]).success();
    }
    let (block, out) = (example("block.json"), folder.path().join("proof.json"));
    let prove = ["prove", text(&block), "--state", text(&state), "--out", text(&out), "--any-time", "--json"];
    run(prove).failure(8, "locked", &["open in another process"]);
    drop(open);
    run(["state", "show", "--state", text(&state), "--json"]).success();
}

#[test]
fn a_genesis_that_breaks_a_rule_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let [state, genesis] = ["state", "genesis.json"].map(|name| folder.path().join(name));
    let uncovered = fs::read_to_string(example("genesis.json")).unwrap().replace("\"120000000000000000000\"", "\"1\"");
    fs::write(&genesis, uncovered).unwrap();
    run(["state", "init", "--state", text(&state), "--genesis", text(&genesis), "--json"]).failure(
        3,
        "genesis",
        &["token 1", "add reserves"],
    );
    assert!(!state.exists());
}
