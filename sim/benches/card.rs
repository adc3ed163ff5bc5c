//! What driver and transport cost: doorbell to completion, DMA bandwidth, sums against the processor alone.
//!
//! `cargo bench -p penstock-sim` prints them for the model in-process and behind a socket that another thread serves.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use halo2curves::bn256::{Fr, G1, G1Affine};
use halo2curves::ff::Field;
use halo2curves::group::{Curve, Group};
use halo2curves::msm::msm_best;
use penstock_abi::Command;
use penstock_driver::transport::vfio_user::VfioUser;
use penstock_driver::{Card, Options, Transport, Waiting};
use penstock_sim::model::{CAPABILITIES, Model};
use penstock_sim::{Bus, Device, DmaFault, Function, InProcess, server};

/// A device that only moves data: a write to register 0 reads 64 MiB of host memory, to register 4 writes it back.
struct Mover {
    bus: Arc<dyn Bus>,
    data: std::sync::Mutex<Vec<u8>>,
}

const MOVED: usize = 64 << 20;

impl Device for Mover {
    fn read(&self, _offset: u32) -> u32 {
        0
    }

    fn write(&self, offset: u32, address: u32) {
        let mut data = self.data.lock().unwrap();
        let moved: Result<(), DmaFault> = match offset {
            0 => self.bus.read(address.into(), &mut data),
            _ => self.bus.write(address.into(), &data),
        };
        moved.unwrap();
    }

    fn reset(&self) {}
}

/// A transport to a function, in-process and over a socket.
fn transports(function: impl Fn() -> Function) -> [(&'static str, Arc<dyn Transport>); 2] {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("card.sock");
    let listening = server::listen(&path, Arc::new(function())).unwrap();
    std::thread::spawn(move || listening.serve_client());
    let socket = VfioUser::connect(&path, Duration::from_secs(60)).unwrap();
    [("in-process", Arc::new(InProcess::new("model", Arc::new(function())))), ("socket", Arc::new(socket))]
}

fn doorbell_to_completion(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("doorbell to completion");
    for waiting in [Waiting::Interrupts, Waiting::Polling] {
        for (name, transport) in transports(|| Function::new(|bus| Model::new(CAPABILITIES, bus))) {
            let card = Card::open(transport, Options { waiting, ..Options::default() }).unwrap();
            let buffer = card.allocate(64).unwrap();
            let identify = Command::Identify { result: buffer.address(), capacity: 64 };
            let round_trip = || card.submit(identify, Vec::new()).unwrap().wait().unwrap();
            let mut times: Vec<Duration> = (0..2000)
                .map(|_| {
                    let start = Instant::now();
                    round_trip();
                    start.elapsed()
                })
                .collect();
            times.sort();
            println!("{name}, {waiting:?}: p50 {:?}, p99 {:?}", times[times.len() / 2], times[times.len() * 99 / 100]);
            group.bench_function(format!("{name}, {waiting:?}"), |bencher| bencher.iter(round_trip));
        }
    }
}

fn dma_bandwidth(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("DMA");
    group.throughput(Throughput::Bytes(MOVED as u64)).sample_size(10);
    let (from, mut to) = (vec![1u8; MOVED], vec![0u8; MOVED]);
    // What the machine can do at this moment.
    group.bench_function("a copy within the process", |bencher| {
        bencher.iter(|| to.copy_from_slice(std::hint::black_box(&from)));
    });
    let mover = || Function::new(|bus| Mover { bus, data: std::sync::Mutex::new(vec![1; MOVED]) });
    for (name, transport) in transports(mover) {
        use penstock_driver::{CommandRegister, PciConfig, SharedMemory};
        let memory = SharedMemory::new(MOVED, transport.huge_pages()).unwrap();
        transport.map(&memory, 1 << 20).unwrap();
        transport.set_command(CommandRegister { memory: true, bus_master: true }).unwrap();
        group.bench_function(format!("{name}, card reads"), |bencher| {
            bencher.iter(|| transport.write(0, 1 << 20).unwrap());
        });
        group.bench_function(format!("{name}, card writes"), |bencher| {
            bencher.iter(|| transport.write(4, 1 << 20).unwrap());
        });
    }
}

fn sums(criterion: &mut Criterion) {
    const COUNT: usize = 1 << 16;
    let mut group = criterion.benchmark_group("MSM of 2^16");
    group.throughput(Throughput::Elements(COUNT as u64)).sample_size(10);
    let first = G1::random(rand::thread_rng());
    let multiples: Vec<G1> =
        std::iter::successors(Some(first), |point| Some(point.double() + first)).take(COUNT).collect();
    let mut points = vec![G1Affine::default(); COUNT];
    G1::batch_normalize(&multiples, &mut points);
    let scalars: Vec<Fr> = (0..COUNT).map(|_| Fr::random(rand::thread_rng())).collect();
    group.bench_function("halo2curves", |bencher| bencher.iter(|| msm_best(&scalars, &points)));
    for (name, transport) in transports(|| Function::new(|bus| Model::new(CAPABILITIES, bus))) {
        let card = Card::open(transport, Options::default()).unwrap();
        card.pin_bases(0, &points).unwrap();
        group.bench_function(name, |bencher| {
            bencher.iter_batched(
                || (),
                |()| card.msm(0, &[&scalars]).unwrap().wait().unwrap(),
                BatchSize::PerIteration,
            );
        });
    }
}

criterion_group!(benches, doorbell_to_completion, dma_bandwidth, sums);
criterion_main!(benches);
