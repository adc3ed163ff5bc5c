//! Poseidon of two inputs: ours against light-poseidon with a reused instance, in one run.

#![allow(clippy::expect_used, missing_docs)]

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use halo2curves::bn256::Fr;
use light_poseidon::{Poseidon, PoseidonHasher};
use penstock_circuits::poseidon::hash2;

fn poseidon(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("poseidon of two inputs");
    group.bench_function("penstock", |bencher| {
        let mut last = Fr::from(1);
        bencher.iter(|| {
            last = hash2(last, black_box(Fr::from(2)));
            last
        });
    });
    group.bench_function("light-poseidon", |bencher| {
        let mut instance = Poseidon::<ark_bn254::Fr>::new_circom(2).expect("two inputs are supported");
        let mut last = ark_bn254::Fr::from(1);
        bencher.iter(|| {
            last = instance.hash(&[last, black_box(ark_bn254::Fr::from(2))]).expect("two inputs were given");
            last
        });
    });
    group.finish();
}

criterion_group!(benches, poseidon);
criterion_main!(benches);
