#!/usr/bin/env bash
# Records the halo2 files with compressed points that the import's tests read. Needs cargo.
#   sign-in-bit-6.srs  2^3 powers of 987654321, points written by halo2curves 0.6.1
#   sign-in-bit-7.srs  the same powers, points written by halo2curves 0.9.0, which keeps the parity in another bit
# The project is made outside this workspace, whose own curve library is another crate. Every run records the same bytes.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
mkdir "$work/src"
cat > "$work/Cargo.toml" <<'TOML'
[package]
name = "recorder"
version = "0.0.0"
edition = "2021"

[dependencies]
ff = "0.13"
group = "0.13"
bit-6 = { package = "halo2curves", version = "=0.6.1" }
bit-7 = { package = "halo2curves", version = "=0.9.0" }
TOML
cat > "$work/src/main.rs" <<'RUST'
macro_rules! record {
    ($curves:ident, $path:expr) => {{
        use ff::{Field, PrimeField};
        use group::{Curve, GroupEncoding};
        use $curves::bn256::{Fr, G1, G2};
        let (k, tau) = (3u32, Fr::from(987_654_321));
        let n = 1u64 << k;
        let root = (k..Fr::S).fold(Fr::ROOT_OF_UNITY, |root, _| root.square());
        let mut bytes = k.to_le_bytes().to_vec();
        let mut write =
            |scalar: Fr| bytes.extend_from_slice((G1::generator() * scalar).to_affine().to_bytes().as_ref());
        (0..n).for_each(|i| write(tau.pow_vartime([i])));
        (0..n).for_each(|i| {
            let power = root.pow_vartime([i]);
            let vanishing = (tau.pow_vartime([n]) - Fr::ONE) * Fr::from(n).invert().unwrap();
            write(vanishing * power * (tau - power).invert().unwrap());
        });
        bytes.extend_from_slice(G2::generator().to_affine().to_bytes().as_ref());
        bytes.extend_from_slice((G2::generator() * tau).to_affine().to_bytes().as_ref());
        std::fs::write($path, bytes).unwrap();
    }};
}

fn main() {
    record!(bit_6, "sign-in-bit-6.srs");
    record!(bit_7, "sign-in-bit-7.srs");
}
RUST
(cd "$work" && cargo run --quiet)
cp "$work"/*.srs "$here/"
