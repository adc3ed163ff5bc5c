//! `penstock prove` on cards, in order and out of order: the right proof, or an error that says why, and no card left with
//! memory of a process that is gone.

use crate::people::example;
use crate::run::{Ran, penstock, ran, run, text};
use penstock_abi::{ALL_ONES, Capabilities, MsmLayout, registers as r};
use penstock_prover::record::ProofRecord;
use penstock_sim::model::{CAPABILITIES, Fault, Model};
use penstock_sim::{Function, server};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long the tests wait for what has to come, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Commands that set the bases, before the first sum.
const SET_BASES: u32 = 2;
/// More commands than a proof has.
const ALWAYS: u32 = 400;
/// Entries of rings that are smaller than a proof's commitments under way.
const SMALL_RING: u32 = 4;

/// A model behind a socket, served by a thread of this process.
pub struct Served {
    folder: tempfile::TempDir,
    model: Model,
    function: Arc<Function>,
}

fn model(ring_entries: u32) -> (Model, Arc<Function>) {
    let msm_layout = MsmLayout { window_bits: 11, ..CAPABILITIES.msm_layout };
    let capabilities = Capabilities { msm_layout, max_ring_entries: ring_entries, ..CAPABILITIES };
    let (model, function) = Function::with_handle(|bus| Model::new(capabilities, bus));
    (model, Arc::new(function))
}

/// Whether a command is under way.
fn is_busy(function: &Function) -> bool {
    let status = function.read(r::STATUS.offset);
    status != ALL_ONES && r::STATUS_BUSY.of(status) == 1
}

fn wait_until(what: &str, condition: impl Fn() -> bool) {
    let start = Instant::now();
    while !condition() {
        assert!(start.elapsed() < PATIENCE, "{what} did not come");
        sleep(Duration::from_millis(5));
    }
}

/// Waits for a command that takes longer than any that the model completes at once.
fn wait_until_stuck(function: &Function) {
    wait_until("a stuck command", || {
        (0..60).all(|_| {
            sleep(Duration::from_millis(5));
            is_busy(function)
        })
    });
}

impl Served {
    pub fn start() -> Self {
        Self::with_ring(CAPABILITIES.max_ring_entries)
    }

    fn with_ring(entries: u32) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (model, function) = model(entries);
        let listening = server::listen(&folder.path().join("card.sock"), function.clone()).unwrap();
        // For as long as the test process lives.
        std::thread::spawn(move || {
            loop {
                let _ = listening.serve_client();
            }
        });
        Self { folder, model, function }
    }

    /// Has every sum meet the fault, and whatever else comes after the first.
    fn always(self, fault: Fault) -> Self {
        (SET_BASES..ALWAYS).for_each(|after| self.inject(fault, after));
        self
    }

    pub fn inject(&self, fault: Fault, after: u32) {
        self.model.inject(fault, after);
    }

    pub fn address(&self) -> String {
        format!("sim:{}", self.folder.path().join("card.sock").display())
    }

    fn engine(&self) -> String {
        format!("card:{}", self.address())
    }

    /// Nothing is mapped any more once a client has gone.
    fn is_released(&self) {
        wait_until("the release of the card", || self.function.memory().ranges() == 0);
    }
}

/// A fresh state for the sample block, and where its proof goes.
struct Stand {
    folder: tempfile::TempDir,
    shown: Value,
}

impl Stand {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let shown = run(["state", "init", "--state", text(&folder.path().join("state")), "--json"]).success();
        Self { folder, shown }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn command(&self, engine: &str, arguments: &[&str]) -> Command {
        let (block, state, proof) = (example("block.json"), self.path("state"), self.path("proof.json"));
        let seed = "07".repeat(32);
        let mut command = penstock(["prove", text(&block), "--state", text(&state), "--out", text(&proof)]);
        command.args(["--any-time", "--preset", "tiny", "--seed", &seed, "--json", "--engine", engine]).args(arguments);
        command
    }

    fn prove(&self, engine: &str, arguments: &[&str]) -> Ran {
        ran(self.command(engine, arguments).output().unwrap())
    }

    /// No record, and the state as it was.
    fn is_untouched(&self) {
        assert!(!self.path("proof.json").exists());
        assert_eq!(run(["state", "show", "--state", text(&self.path("state")), "--json"]).success(), self.shown);
    }

    /// The engine failed for this cause, and nothing else happened.
    fn fails(&self, engine: &str, arguments: &[&str], cause: &str) -> Ran {
        let ran = self.prove(engine, arguments);
        let error = ran.failure(5, "engine", &[engine]);
        assert_eq!(error["cause"], cause, "{error}");
        self.is_untouched();
        ran
    }

    /// The record that a successful run left; its engine and its failed attempts are those that were told.
    fn record(&self, told: &Ran) -> ProofRecord {
        let told = told.success();
        let path = self.path("proof.json");
        run(["verify", text(&path), "--json"]).success();
        let record = ProofRecord::read(&path).unwrap();
        assert_eq!(told["engine"], record.engine);
        assert_eq!(told["failed_attempts"], serde_json::to_value(&record.failed_attempts).unwrap());
        assert_eq!(run(["state", "show", "--state", text(&self.path("state")), "--json"]).success()["number"], 1);
        record
    }
}

#[test]
fn a_card_behind_a_socket_makes_the_same_proof_as_the_cpu_even_when_its_ring_is_small() {
    let served = Served::with_ring(SMALL_RING);
    let (on_cpu, on_card) = (Stand::new(), Stand::new());
    let expected = on_cpu.record(&on_cpu.prove("cpu", &[]));
    let record = on_card.record(&on_card.prove(&served.engine(), &[]));
    assert_eq!((&*expected.engine, &record.engine), ("cpu", &served.engine()));
    assert_eq!(record.failed_attempts, []);
    assert!(record.proof == expected.proof);
    served.is_released();
}

#[test]
fn a_wrong_sum_is_noticed_by_the_verifier_and_proved_again_on_the_card() {
    let (served, stand) = (Served::start(), Stand::new());
    served.inject(Fault::CorruptInput, SET_BASES + 5);
    let ran = stand.prove(&served.engine(), &["--fallback", "cpu"]);
    let record = stand.record(&ran);
    assert_eq!(record.engine, served.engine());
    let [failed] = &record.failed_attempts[..] else { panic!("{record:?}") };
    assert!(failed.engine == served.engine() && failed.reason.contains("does not verify"), "{failed:?}");
    assert!(ran.stderr.contains(&format!("warning: {failed}")), "{ran:?}");
    served.is_released();
}

#[test]
fn a_card_that_goes_on_failing_is_an_error_and_leaves_everything_as_it_was() {
    let stand = Stand::new();
    for (fault, cause) in [
        (Fault::CompletesTwice, "protocol_violation"),
        (Fault::UnknownId, "protocol_violation"),
        (Fault::FlippedBit, "protocol_violation"),
        (Fault::DmaRefused, "dma_fault"),
    ] {
        let served = Served::start().always(fault);
        let ran = stand.fails(&served.engine(), &[], cause);
        assert!(ran.stderr.matches("warning: card:").count() >= 2, "the card got a second attempt: {ran:?}");
        served.is_released();
    }
}

#[test]
fn a_card_that_completes_nothing_is_given_up_when_its_time_is_over() {
    let stand = Stand::new();
    for (fault, ring, cause) in
        [(Fault::NeverCompletes, CAPABILITIES.max_ring_entries, "timed_out"), (Fault::Stalls, SMALL_RING, "ring_full")]
    {
        let served = Served::with_ring(ring).always(fault);
        stand.fails(&served.engine(), &["--card-timeout", "1"], cause);
        served.is_released();
    }
}

#[test]
fn the_cpu_proves_what_a_card_does_not_only_if_it_was_asked_for() {
    let (served, stand) = (Served::start().always(Fault::DmaRefused), Stand::new());
    let ran = stand.prove(&served.engine(), &["--fallback", "cpu"]);
    let record = stand.record(&ran);
    assert_eq!(record.engine, "cpu");
    let [first, second] = &record.failed_attempts[..] else { panic!("{record:?}") };
    for failed in [first, second] {
        assert!(failed.engine == served.engine() && failed.reason.contains("could not reach memory"), "{failed:?}");
        assert!(ran.stderr.contains(&format!("warning: {failed}")), "{ran:?}");
    }
    served.is_released();
}

#[test]
fn a_card_that_vanishes_is_lost_to_this_proof_and_the_next() {
    let (served, stand) = (Served::start(), Stand::new());
    served.inject(Fault::Vanishes, SET_BASES + 3);
    stand.fails(&served.engine(), &[], "lost");
    stand.fails(&served.engine(), &[], "lost");
    let record = stand.record(&stand.prove(&served.engine(), &["--fallback", "cpu"]));
    assert_eq!((&*record.engine, record.failed_attempts.len()), ("cpu", 1));
    served.is_released();
}

#[test]
fn a_prover_that_is_killed_in_mid_command_leaves_a_card_for_the_next() {
    let (served, stand) = (Served::start(), Stand::new());
    served.inject(Fault::NeverCompletes, SET_BASES);
    let mut prover = stand.command(&served.engine(), &[]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    wait_until_stuck(&served.function);
    prover.kill().unwrap();
    prover.wait().unwrap();
    served.is_released();
    stand.is_untouched();
    let record = stand.record(&stand.prove(&served.engine(), &[]));
    assert_eq!((record.engine, record.failed_attempts.len()), (served.engine(), 0));
}

const SOCKET: &str = "PENSTOCK_TEST_SOCKET";

/// A card served by a process of its own; killed when dropped.
struct Serving(Child);

impl Drop for Serving {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_socket_that_closes_in_mid_command_is_a_lost_card() {
    let stand = Stand::new();
    let socket = stand.path("card.sock");
    let server = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "card::server_that_goes_in_mid_command", "--ignored"])
        .env(SOCKET, &socket)
        .stdout(Stdio::null())
        .spawn();
    let _serving = Serving(server.unwrap());
    wait_until("the socket", || socket.exists());
    let engine = format!("card:sim:{}", socket.display());
    stand.fails(&engine, &[], "lost");
    // Now nobody listens.
    stand.fails(&engine, &[], "transport");
}

#[test]
#[ignore = "the process that the test above starts"]
fn server_that_goes_in_mid_command() {
    let socket = std::env::var_os(SOCKET).unwrap();
    let (model, function) = model(CAPABILITIES.max_ring_entries);
    model.inject(Fault::NeverCompletes, SET_BASES);
    let listening = server::listen(Path::new(&socket), function.clone()).unwrap();
    std::thread::spawn(move || listening.serve_client());
    wait_until_stuck(&function);
}
