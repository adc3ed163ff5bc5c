//! Our prover against the stock one, same circuit, same setup, same run: CPU seconds of the whole process.
//!
//! `cargo bench --bench prover` prints the stages of one proof and the ratio, for the batch circuit of the preset `tiny` and for
//! a synthetic circuit whose size `PENSTOCK_BENCH_K` chooses (default 13), and lets criterion repeat both on the latter.

#![allow(missing_docs, clippy::unwrap_used)]

mod circuit;

use std::sync::Mutex;
use std::time::{Duration, Instant};

use criterion::{Criterion, criterion_group, criterion_main};
use halo2_axiom::arithmetic::g_to_lagrange;
use halo2_axiom::plonk::{Circuit, ProvingKey, create_proof, keygen_pk, keygen_vk};
use halo2_axiom::poly::commitment::ParamsProver;
use halo2_axiom::poly::kzg::commitment::{KZGCommitmentScheme, ParamsKZG};
use halo2_axiom::poly::kzg::multiopen::ProverSHPLONK;
use halo2_axiom::transcript::TranscriptWriterBuffer;
use halo2curves::bn256::{Bn256, Fr, G1Affine};
use halo2curves::group::prime::PrimeCurveAffine;
use penstock_circuits::circuit::batch::{Batch, BatchCircuit};
use penstock_circuits::circuit::preset::Preset;
use penstock_circuits::operation::Block;
use penstock_circuits::public_inputs::PublicInputs;
use penstock_circuits::state::{Genesis, State};
use penstock_prover::engine::Bases;
use penstock_prover::engine::cpu::CpuEngine;
use penstock_prover::prover::{Observer, ProverKey, Stage, prove, verify};
use penstock_prover::transcript::KeccakWrite;
use rand::SeedableRng;
use rand_chacha::ChaCha20Rng;

use circuit::Wide;

/// CPU time of this process so far, to a hundredth of a second.
fn cpu() -> Duration {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap();
    // Fields 14 and 15 (user and system time in ticks of 10 ms), counted behind the name in parentheses.
    let (_, fields) = stat.rsplit_once(')').unwrap();
    let ticks = fields.split_whitespace().skip(11).take(2).map(|field| field.parse::<u64>().unwrap());
    Duration::from_millis(10 * ticks.sum::<u64>())
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration, Duration) {
    let (wall, used) = (Instant::now(), cpu());
    let result = work();
    (result, wall.elapsed(), cpu() - used)
}

/// CPU and wall time by stage.
#[derive(Default)]
struct Stopwatch(Mutex<Laps>);

#[derive(Default)]
struct Laps {
    begun: Option<(Instant, Duration)>,
    taken: Vec<(Stage, Duration, Duration)>,
}

impl Observer for Stopwatch {
    fn begin(&self, _: Stage) {
        self.0.lock().unwrap().begun = Some((Instant::now(), cpu()));
    }

    fn end(&self, stage: Stage) {
        let mut laps = self.0.lock().unwrap();
        let (wall, used) = laps.begun.take().unwrap();
        laps.taken.push((stage, wall.elapsed(), cpu() - used));
    }
}

struct Setting<C: Circuit<Fr>> {
    params: ParamsKZG<Bn256>,
    engine: CpuEngine,
    key: ProverKey,
    stock_key: ProvingKey<G1Affine>,
    circuit: C,
    instance: Vec<Fr>,
}

impl Setting<Wide> {
    fn synthetic(k: u32) -> Self {
        let circuit = Wide { rows: (1 << k) - 20 };
        let instance = circuit.instance();
        Self::new(k, circuit, instance)
    }
}

impl Setting<BatchCircuit> {
    /// The sample block in the batch circuit of the smallest preset.
    fn batch() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let genesis: Genesis = serde_json::from_str(include_str!("../../../examples/genesis.json")).unwrap();
        let block = Block::from_json(include_str!("../../../examples/block.json")).unwrap();
        let trace = State::init(folder.path(), &genesis).unwrap().execute(&block).unwrap().0;
        let batch = Batch::new(Preset::Tiny);
        let public = PublicInputs::new(&trace, batch.capacities().chains).unwrap();
        Self::new(batch.k(), batch.assign(&trace, &public).unwrap(), public.instance())
    }
}

impl<C: Circuit<Fr>> Setting<C> {
    fn new(k: u32, circuit: C, instance: Vec<Fr>) -> Self {
        let params = ParamsKZG::<Bn256>::setup(k, ChaCha20Rng::from_seed([1; 32]));
        let stock_key = keygen_pk(&params, keygen_vk(&params, &circuit).unwrap(), &circuit).unwrap();
        let monomial = params.get_g();
        let lagrange: Vec<G1Affine> = g_to_lagrange(monomial.iter().map(|point| point.to_curve()).collect(), k);
        let engine = CpuEngine::new(Bases { monomial: monomial.into(), lagrange: lagrange.into() });
        Self { key: ProverKey::new(stock_key.clone()).unwrap(), params, engine, stock_key, circuit, instance }
    }

    fn ours(&self, observer: &dyn Observer) -> Vec<u8> {
        prove(&self.key, &self.engine, &self.circuit, &[&self.instance], None, observer).unwrap()
    }

    fn stock(&self) -> Vec<u8> {
        let mut transcript = KeccakWrite::init(Vec::new());
        create_proof::<KZGCommitmentScheme<Bn256>, ProverSHPLONK<'_, Bn256>, _, _, _, _>(
            &self.params,
            &self.stock_key,
            std::slice::from_ref(&self.circuit),
            &[&[&self.instance]],
            ChaCha20Rng::from_seed([2; 32]),
            &mut transcript,
        )
        .unwrap();
        transcript.finalize()
    }

    fn verify(&self, proof: &[u8]) {
        verify(self.key.vk(), &self.params, &[&self.instance], proof).unwrap();
    }

    /// Prints the stages of one proof of ours, and what both provers take.
    fn compare(&self, name: &str) {
        // The first proof fills the key's cosets.
        self.verify(&self.ours(&()));
        let stopwatch = Stopwatch::default();
        let (proof, wall, ours) = timed(|| self.ours(&stopwatch));
        self.verify(&proof);
        let (multiplications, compiling, _) = timed(|| self.key.gate_multiplications());
        println!("{name}: {multiplications} gate multiplications a row, folded and compiled in {compiling:.1?}");
        println!("{:12} {:>8} {:>8}", "stage", "wall s", "CPU s");
        for (stage, wall, used) in stopwatch.0.into_inner().unwrap().taken {
            println!("{:12} {:8.3} {:8.2}", stage.name(), wall.as_secs_f64(), used.as_secs_f64());
        }
        println!("{:12} {:8.3} {:8.2}", "ours", wall.as_secs_f64(), ours.as_secs_f64());
        let (proof, wall, stock) = timed(|| self.stock());
        self.verify(&proof);
        println!("{:12} {:8.3} {:8.2}", "stock", wall.as_secs_f64(), stock.as_secs_f64());
        println!("{name}: ours / stock in CPU seconds: {:.3}", ours.as_secs_f64() / stock.as_secs_f64());
    }
}

fn provers(criterion: &mut Criterion) {
    Setting::batch().compare("batch circuit, preset tiny");
    let k = std::env::var("PENSTOCK_BENCH_K").map_or(13, |k| k.parse().unwrap());
    let setting = Setting::synthetic(k);
    setting.compare(&format!("synthetic circuit, k = {k}"));

    let mut group = criterion.benchmark_group("prove, CPU time");
    group.sample_size(10);
    let repeat = |times: u64, prove: &dyn Fn() -> Vec<u8>| timed(|| (0..times).for_each(|_| drop(prove()))).2;
    group.bench_function("ours", |bencher| bencher.iter_custom(|times| repeat(times, &|| setting.ours(&()))));
    group.bench_function("stock", |bencher| bencher.iter_custom(|times| repeat(times, &|| setting.stock())));
    group.finish();
}

criterion_group!(benches, provers);
criterion_main!(benches);
