#!/usr/bin/env bash
# Records the powers-of-tau files that the import's tests read, with snarkjs. Needs node and npm.
#   ceremony.ptau  power 6, two contributions and a beacon
#   prepared.ptau  the same, prepared for phase 2 and truncated to power 4
# The third file is the Hermez ceremony's own, whose digest is published, and is not recorded here:
#   powersOfTau28_hez_final_08.ptau
# Contributions mix in fresh randomness: every run records another ceremony.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -r "$work"' EXIT
cd "$work"
npm install --silent --no-audit --no-fund --prefix "$work" snarkjs@0.7.6
snarkjs() { node "$work/node_modules/snarkjs/build/cli.cjs" powersoftau "$@"; }
snarkjs new bn128 6 new.ptau
snarkjs contribute new.ptau first.ptau --name=first -e=first
snarkjs contribute first.ptau second.ptau --name=second -e=second
snarkjs beacon second.ptau ceremony.ptau 000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f 10 --name=beacon
snarkjs prepare phase2 ceremony.ptau full.ptau
snarkjs verify full.ptau
snarkjs truncate full.ptau
cp ceremony.ptau "$here/ceremony.ptau"
cp full_04.ptau "$here/prepared.ptau"
