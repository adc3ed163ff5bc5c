//! The prover against the stock verifier and the stock prover.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use halo2_axiom::arithmetic::g_to_lagrange;
use halo2_axiom::circuit::{Layouter, SimpleFloorPlanner};
use halo2_axiom::plonk::{ConstraintSystem, Error, keygen_pk, keygen_vk};
use halo2_axiom::poly::commitment::ParamsProver;
use halo2_axiom::poly::kzg::commitment::ParamsKZG;
use halo2curves::bn256::{Bn256, G1Affine};
use halo2curves::group::Curve;
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_driver::transport::vfio_user::VfioUser;
use penstock_driver::{Card, CardError, Options, Transport};
use penstock_sim::model::{CAPABILITIES, Fault as CardFault, Model};
use penstock_sim::{Function, InProcess, server};
use proptest::prelude::*;
use rand::rngs::mock::StepRng;

use super::oracle::stock;
use super::toy::{Fault, Toy};
use super::*;
use crate::engine::card::CardEngine;
use crate::engine::cpu::CpuEngine;
use crate::engine::{Bases, EngineError, Ticket};

const SEED: Option<[u8; 32]> = Some([7; 32]);

struct Fixture {
    params: ParamsKZG<Bn256>,
    key: ProverKey,
    bases: Bases,
    engine: CpuEngine,
    circuit: Toy,
}

impl Fixture {
    fn new(k: u32, rows: usize, cache: usize) -> Self {
        let params = ParamsKZG::<Bn256>::setup(k, ChaCha20Rng::from_seed([k as u8; 32]));
        let circuit = Toy::new(11, rows);
        let vk = keygen_vk(&params, &circuit).unwrap();
        let pk = keygen_pk(&params, vk, &circuit).unwrap();
        let points = params.get_g();
        let lagrange: Vec<G1Affine> = g_to_lagrange(points.iter().map(|point| point.to_curve()).collect(), k);
        let bases = Bases { monomial: points.into(), lagrange: lagrange.into() };
        let engine = CpuEngine::new(bases.clone());
        Self { key: ProverKey::with_cache(pk, cache).unwrap(), params, bases, engine, circuit }
    }

    /// A small one, made once.
    fn shared() -> &'static Self {
        static SHARED: OnceLock<Fixture> = OnceLock::new();
        SHARED.get_or_init(|| Self::new(6, 40, DEFAULT_CACHE_BYTES))
    }

    fn prove(&self, circuit: &Toy, engine: &dyn Engine, seed: Option<[u8; 32]>) -> Result<Vec<u8>, ProverError> {
        prove(&self.key, engine, circuit, &[&circuit.instance()], seed, &())
    }

    fn verify(&self, proof: &[u8]) -> Result<(), VerifyError> {
        self.verify_with(&self.circuit.instance(), proof)
    }

    fn verify_with(&self, instance: &[Fr], proof: &[u8]) -> Result<(), VerifyError> {
        verify(self.key.vk(), &self.params, &[instance], proof)
    }
}

/// A proof that the shared fixture accepts.
fn proof() -> &'static [u8] {
    static PROOF: OnceLock<Vec<u8>> = OnceLock::new();
    let fixture = Fixture::shared();
    PROOF.get_or_init(|| fixture.prove(&fixture.circuit, &fixture.engine, SEED).unwrap())
}

#[test]
fn the_stock_verifier_accepts_proofs_of_every_size_with_any_cache() {
    for (k, rows, cache) in [(6, 40, 0), (7, 20, usize::MAX), (8, 200, 40_000), (10, 900, usize::MAX)] {
        let fixture = Fixture::new(k, rows, cache);
        for _ in 0..2 {
            let proof = fixture.prove(&fixture.circuit, &fixture.engine, None).unwrap();
            fixture.verify(&proof).unwrap_or_else(|error| panic!("k {k}, cache {cache}: {error}"));
        }
    }
}

#[test]
fn commitments_equal_the_stock_provers_for_the_same_randomness() {
    let fixture = Fixture::shared();
    let instance = fixture.circuit.instance();
    // The same number for ever: the order in which randomness is drawn does not matter.
    let constant = || StepRng::new(0x0123_4567_89ab_cdef, 0);
    let ours = prove_with(&fixture.key, &fixture.engine, &fixture.circuit, &[&instance], constant(), &()).unwrap();
    let stock = stock(&fixture.params, fixture.key.pk(), &fixture.circuit, &instance, constant());
    assert_eq!(ours.len(), stock.len());
    // Five columns of the first phase, one of the second, two grand products. The random polynomial that follows
    // comes from the thread's own generator in the stock prover.
    let comparable = 8 * 64;
    assert_eq!(ours[..comparable], stock[..comparable]);
    fixture.verify(&ours).unwrap();
    fixture.verify(&stock).unwrap();
}

#[test]
fn a_seed_decides_every_byte() {
    let fixture = Fixture::shared();
    let again = fixture.prove(&fixture.circuit, &fixture.engine, SEED).unwrap();
    assert_eq!(again, proof());
    for seed in [Some([8; 32]), None] {
        let other = fixture.prove(&fixture.circuit, &fixture.engine, seed).unwrap();
        fixture.verify(&other).unwrap();
        let equal = other.chunks(32).zip(proof().chunks(32)).filter(|(a, b)| a == b).count();
        // Evaluations of the key's own polynomials differ too: the challenge does.
        assert_eq!(equal, 0, "words in common");
    }
}

#[test]
fn a_seed_blinds_otherwise_under_another_key_or_for_another_statement() {
    let vk = |circuit: &Toy| keygen_vk(&Fixture::shared().params, circuit).unwrap();
    let (one, other) = (vk(&Toy::new(11, 40)), vk(&Toy::new(11, 39)));
    let (seed, ones) = ([7; 32], [Fr::ONE; 2]);
    let seeds = [
        seed_of_statement(seed, &one, &[&ones]),
        seed_of_statement(seed, &other, &[&ones]),
        seed_of_statement(seed, &one, &[&ones[..1]]),
        seed_of_statement([8; 32], &one, &[&ones]),
    ];
    for (i, seed) in seeds.iter().enumerate() {
        assert!(!seeds[..i].contains(seed), "seed {i}");
    }
    assert_eq!(seed_of_statement(seed, &one, &[&ones]), seeds[0]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_flipped_bit_is_rejected(byte in 0..proof().len(), bit in 0u8..8) {
        let mut flipped = proof().to_vec();
        flipped[byte] ^= 1u8 << bit;
        prop_assert!(Fixture::shared().verify(&flipped).is_err());
    }

    #[test]
    fn a_truncated_proof_is_rejected(len in 0..proof().len()) {
        prop_assert!(Fixture::shared().verify(&proof()[..len]).is_err());
    }
}

#[test]
fn other_statements_are_rejected() {
    let fixture = Fixture::shared();
    let instance = fixture.circuit.instance();
    fixture.verify_with(&instance, proof()).unwrap();
    let mut wrong = instance.clone();
    wrong[1] += Fr::ONE;
    assert!(matches!(fixture.verify_with(&wrong, proof()), Err(VerifyError::Rejected(_))));
    assert!(matches!(fixture.verify_with(&instance[..1], proof()), Err(VerifyError::Rejected(_))));
    let long = vec![Fr::ONE; 64];
    assert!(matches!(fixture.verify_with(&long, proof()), Err(VerifyError::InstanceTooLong { values: 64, .. })));
    let none = verify(fixture.key.vk(), &fixture.params, &[], proof());
    assert!(matches!(none, Err(VerifyError::InstanceColumns { expected: 1, given: 0 })));
    let longer = [proof(), &[0]].concat();
    assert!(matches!(fixture.verify(&longer), Err(VerifyError::Trailing(1))));
    let larger = ParamsKZG::<Bn256>::setup(7, ChaCha20Rng::from_seed([0; 32]));
    let other = verify(fixture.key.vk(), &larger, &[&instance], proof());
    assert!(matches!(other, Err(VerifyError::Setup { setup: 7, key: 6 })));
}

#[test]
fn proofs_of_unsatisfied_circuits_are_rejected() {
    let fixture = Fixture::shared();
    for fault in [Fault::Gate, Fault::Copy, Fault::Sum] {
        let proof = fixture.prove(&fixture.circuit.with(fault), &fixture.engine, SEED).unwrap();
        assert!(matches!(fixture.verify(&proof), Err(VerifyError::Rejected(_))), "{fault:?}");
    }
}

#[test]
fn synthesis_that_does_not_fit_the_key_is_an_error() {
    let fixture = Fixture::shared();
    let error = |fault| fixture.prove(&fixture.circuit.with(fault), &fixture.engine, SEED).unwrap_err();
    assert!(matches!(error(Fault::Unknown), ProverError::UnknownValue { column: 0, row: 1 }));
    assert!(matches!(error(Fault::Row), ProverError::OutOfTable { column: 0, row: 0x100000, columns: 6, .. }));
    assert!(matches!(error(Fault::Phase), ProverError::TooManyPhases));

    let prove = |instances: &[&[Fr]]| prove(&fixture.key, &fixture.engine, &fixture.circuit, instances, SEED, &());
    assert!(matches!(prove(&[]), Err(ProverError::InstanceColumns { expected: 1, given: 0 })));
    assert!(matches!(prove(&[&[Fr::ONE; 60]]), Err(ProverError::InstanceTooLong { column: 0, values: 60, .. })));
}

/// Answers like the engine within, but for one ticket.
struct Faulty<'a> {
    engine: &'a CpuEngine,
    ticket: u64,
    answer: fn(G1Affine) -> Result<G1Affine, EngineError>,
    submitted: AtomicUsize,
    answered: AtomicUsize,
    wrong: Mutex<Option<u64>>,
}

impl<'a> Faulty<'a> {
    fn new(engine: &'a CpuEngine, ticket: u64, answer: fn(G1Affine) -> Result<G1Affine, EngineError>) -> Self {
        Self { engine, ticket, answer, submitted: 0.into(), answered: 0.into(), wrong: Mutex::default() }
    }
}

impl Engine for Faulty<'_> {
    fn name(&self) -> &str {
        "faulty"
    }

    fn submit(&self, basis: Basis, scalars: Arc<[Fr]>) -> Result<Ticket, EngineError> {
        let ticket = self.engine.submit(basis, scalars)?;
        if self.submitted.fetch_add(1, Ordering::Relaxed) as u64 == self.ticket {
            *self.wrong.lock().unwrap() = Some(ticket.id());
        }
        Ok(ticket)
    }

    fn wait(&self, ticket: Ticket) -> Result<G1Affine, EngineError> {
        self.answered.fetch_add(1, Ordering::Relaxed);
        let wrong = *self.wrong.lock().unwrap() == Some(ticket.id());
        let point = self.engine.wait(ticket)?;
        if wrong { (self.answer)(point) } else { Ok(point) }
    }
}

/// Random polynomial, five and one columns, two products, five pieces, two openings.
const COMMITMENTS: u64 = 1 + 6 + 2 + 5 + 2;

#[test]
fn a_wrong_point_from_the_engine_makes_a_proof_that_is_rejected() {
    let fixture = Fixture::shared();
    for ticket in 0..COMMITMENTS {
        let engine = Faulty::new(&fixture.engine, ticket, |point| Ok((point + point).to_affine()));
        let proof = fixture.prove(&fixture.circuit, &engine, SEED).unwrap();
        assert!(matches!(fixture.verify(&proof), Err(VerifyError::Rejected(_))), "commitment {ticket}");
    }
    let engine = Faulty::new(&fixture.engine, COMMITMENTS, |_| panic!("one commitment too many"));
    fixture.verify(&fixture.prove(&fixture.circuit, &engine, SEED).unwrap()).unwrap();
}

#[test]
fn an_engine_that_fails_ends_the_proof_and_is_left_with_no_ticket() {
    let fixture = Fixture::shared();
    for ticket in 0..COMMITMENTS {
        let broken = |_| Err(EngineError::Internal { engine: "faulty".into(), reason: "unplugged".into() });
        let engine = Faulty::new(&fixture.engine, ticket, broken);
        let error = fixture.prove(&fixture.circuit, &engine, SEED).unwrap_err();
        assert!(matches!(error, ProverError::Engine(EngineError::Internal { .. })), "{error}");
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        assert_eq!(count(&engine.submitted), count(&engine.answered), "commitment {ticket}");

        let identity = Faulty::new(&fixture.engine, ticket, |_| Ok(G1Affine::identity()));
        let error = fixture.prove(&fixture.circuit, &identity, SEED).unwrap_err();
        assert!(matches!(error, ProverError::Transcript(_)), "{error}");
    }
}

#[test]
fn stages_begin_and_end_in_turn() {
    #[derive(Default)]
    struct Recorder(Mutex<Vec<(Stage, bool)>>);
    impl Observer for Recorder {
        fn begin(&self, stage: Stage) {
            self.0.lock().unwrap().push((stage, true));
        }
        fn end(&self, stage: Stage) {
            self.0.lock().unwrap().push((stage, false));
        }
    }
    let fixture = Fixture::shared();
    let recorder = Recorder::default();
    let circuit = &fixture.circuit;
    prove(&fixture.key, &fixture.engine, circuit, &[&circuit.instance()], SEED, &recorder).unwrap();
    let record = recorder.0.into_inner().unwrap();
    for pair in record.chunks(2) {
        assert_eq!(pair[0].0, pair[1].0);
        assert_eq!((pair[0].1, pair[1].1), (true, false));
    }
    let mut seen: Vec<Stage> = Vec::new();
    for (stage, _) in record {
        if !seen.contains(&stage) {
            seen.push(stage);
        }
    }
    assert_eq!(seen, Stage::ALL);
}

/// A circuit without rows, configured by the test.
#[derive(Clone, Copy)]
struct Empty(fn(&mut ConstraintSystem<Fr>));

impl Circuit<Fr> for Empty {
    type Config = ();
    type FloorPlanner = SimpleFloorPlanner;
    type Params = Option<Configure>;

    fn without_witnesses(&self) -> Self {
        *self
    }

    fn params(&self) -> Self::Params {
        Some(self.0)
    }

    fn configure_with_params(cs: &mut ConstraintSystem<Fr>, params: Self::Params) {
        params.unwrap()(cs);
    }

    fn configure(_: &mut ConstraintSystem<Fr>) {}

    fn synthesize(&self, (): (), _: impl Layouter<Fr>) -> Result<(), Error> {
        Ok(())
    }
}

type Configure = fn(&mut ConstraintSystem<Fr>);

fn key_of(configure: Configure) -> Result<ProverKey, ProverError> {
    let params = &Fixture::shared().params;
    let vk = keygen_vk(params, &Empty(configure)).unwrap();
    ProverKey::new(keygen_pk(params, vk, &Empty(configure)).unwrap())
}

#[test]
fn keys_that_this_prover_does_not_cover_are_refused() {
    let lookups = key_of(|cs| {
        let (column, table) = (cs.advice_column(), cs.fixed_column());
        cs.lookup_any("lookup", |cells| {
            vec![(cells.query_advice(column, Rotation::cur()), cells.query_fixed(table, Rotation::cur()))]
        });
    });
    assert!(matches!(lookups, Err(ProverError::Lookups(1))));
    // Without set_minimum_degree halo2 makes a key of degree 5 for this gate, and no proof verifies.
    let degree = key_of(|cs| {
        let (column, selector) = (cs.advice_column(), cs.fixed_column());
        cs.create_gate("sixth", |cells| {
            let a = cells.query_advice(column, Rotation::cur());
            let fifth = a.clone() * a.clone() * a.clone() * a.clone() * a;
            vec![cells.query_fixed(selector, Rotation::cur()) * fifth]
        });
    });
    assert!(matches!(degree, Err(ProverError::Degree { degree: 6, limit: 5, .. })));
}

/// A model with windows as small as the toy.
fn model() -> (Model, Arc<Function>) {
    let mut capabilities = CAPABILITIES;
    capabilities.msm_layout.window_bits = 5;
    let (model, function) = Function::with_handle(|bus| Model::new(capabilities, bus));
    (model, Arc::new(function))
}

fn card_engine(transport: Arc<dyn Transport>, timeout: Duration) -> CardEngine {
    let card = Card::open(transport, Options { timeout, ..Options::default() }).unwrap();
    CardEngine::new(card, "card".into(), &Fixture::shared().bases).unwrap()
}

const PATIENT: Duration = Duration::from_secs(60);

#[test]
fn a_card_gives_the_same_proof_as_the_host() {
    let fixture = Fixture::shared();
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.sock");
    let listening = server::listen(&path, model().1).unwrap();
    std::thread::spawn(move || listening.serve_client());
    let transports: [Arc<dyn Transport>; 2] =
        [Arc::new(InProcess::new("model", model().1)), Arc::new(VfioUser::connect(&path, PATIENT).unwrap())];
    for transport in transports {
        let engine = card_engine(transport, PATIENT);
        assert_eq!(fixture.prove(&fixture.circuit, &engine, SEED).unwrap(), proof());
        // A pool whose only thread waits for the card.
        let one = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
        assert_eq!(one.install(|| fixture.prove(&fixture.circuit, &engine, SEED)).unwrap(), proof());
    }
}

#[test]
fn scalars_of_another_length_and_foreign_tickets_are_refused_by_a_card_too() {
    let engine = card_engine(Arc::new(InProcess::new("model", model().1)), PATIENT);
    let error = engine.submit(Basis::Lagrange, vec![Fr::ONE; 63].into()).unwrap_err();
    assert!(matches!(error, EngineError::Length { scalars: 63, points: 64, .. }), "{error}");
    let ticket = engine.submit(Basis::Lagrange, vec![Fr::ONE; 64].into()).unwrap();
    let again = Ticket::new(ticket.id());
    engine.wait(ticket).unwrap();
    assert!(matches!(engine.wait(again), Err(EngineError::UnknownTicket { .. })));
}

#[test]
fn a_faulty_card_ends_the_proof_or_makes_one_that_is_rejected_and_gives_the_right_one_after_recovery() {
    let fixture = Fixture::shared();
    for (fault, name) in CardFault::ALL {
        let (model, function) = model();
        let transport = Arc::new(InProcess::new("model", function.clone()));
        let engine = card_engine(transport, Duration::from_millis(500));
        model.inject(*fault, 2);
        match (fault, fixture.prove(&fixture.circuit, &engine, SEED)) {
            (CardFault::LosesInterrupt | CardFault::Dawdles, Ok(proof)) => assert_eq!(proof, self::proof()),
            (CardFault::CorruptInput, Ok(proof)) => assert!(fixture.verify(&proof).is_err()),
            // Its second completion may come when nobody looks any more.
            (CardFault::CompletesTwice, Ok(proof)) => assert_eq!(proof, self::proof()),
            (_, Err(ProverError::Engine(EngineError::Card { .. }))) => {}
            (_, outcome) => panic!("{name}: {outcome:?}"),
        }
        let recovered = engine.recover();
        if *fault == CardFault::Vanishes {
            assert!(
                matches!(recovered, Err(EngineError::Card { source: CardError::Lost { .. }, .. })),
                "{recovered:?}"
            );
        } else {
            assert!(recovered.unwrap(), "{name}");
            assert_eq!(fixture.prove(&fixture.circuit, &engine, SEED).unwrap(), proof(), "{name}");
        }
        drop(engine);
        assert_eq!(function.memory().ranges(), 0, "{name}: memory stays mapped");
    }
}
