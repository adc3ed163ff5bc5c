// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.30;

/// @title Verifier of halo2 proofs (KZG over BN254, SHPLONK openings, Keccak-256 transcript)
/// @notice One static program for every circuit: the verifying key is data in the code of other contracts, written by
/// the Rust side (`host/src/evm/key.rs`), and tells this program what to hash, compute and open. Who pins the address
/// of the key pins the circuit; an unpinned key proves nothing.
///
/// A key contract's code is `0x00 ‖ address of the next part (20 bytes, zero for the last) ‖ payload`. The payloads,
/// joined, are loaded at KEY; behind them come the instances and the proof, so that the transcript hashes memory as it
/// lies. All addresses in the key are absolute memory addresses, 16 bits each.
///
/// Order of work: load; squeeze all challenges; collect every denominator and invert them at once; run the key's
/// program (gates, permutation, opening weights); combine the commitments; one pairing check.
///
/// A failed precompile does not say whether its input was wrong or its gas too little, and it keeps all that it was
/// given. So every call has a cap, which bounds what a wrong point burns, and a failure is looked into before it counts
/// against the proof: see `blame`.
contract BatchVerifier {
    /// Order of the scalar field.
    uint256 private constant R = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;

    /// What a call of each precompile may take. The dearest published prices are those of Byzantium: 500 (EIP-196),
    /// 40,000 (EIP-196), 180,000 for two pairs (EIP-197) and 13,056 for operands of 32 bytes (EIP-198). Later ones are
    /// lower (EIP-1108: 150, 6,000, 113,000; EIP-2565: 1,360; EIP-7883: 4,080), zkSync Era's 300 and 7,000 for the
    /// first two lie between. The caps leave at least half as much again to chains with prices of their own.
    uint256 private constant EC_ADD_CAP = 1_000;
    uint256 private constant EC_MUL_CAP = 60_000;
    uint256 private constant PAIRING_CAP = 270_000;
    uint256 private constant MODEXP_CAP = 20_000;

    /// First four bytes of the hashes of the errors' signatures.
    uint256 private constant NOT_ENOUGH_GAS = 0xdd629f86;
    uint256 private constant PRECOMPILE_UNUSABLE = 0xc887e030;

    // Memory. [0, 0x180) is scratch for the precompiles: `total` at 0, `acc` at 0x40, a scalar at 0x80, their product
    // at 0xa0, the point to be added to that at 0xe0.
    /// Always zero.
    uint256 private constant ZERO = 0x180;
    /// x^n.
    uint256 private constant X_POW_N = 0x1a0;
    /// Lagrange polynomials at x: first row, last usable row, all rows that constraints apply to.
    uint256 private constant L_FIRST = 0x1c0;
    uint256 private constant L_LAST = 0x1e0;
    uint256 private constant L_ACTIVE = 0x200;
    /// The instance column at x.
    uint256 private constant INSTANCE = 0x220;
    /// Commitment to the quotient polynomial at x, folded from its pieces (two words).
    uint256 private constant QUOTIENT = 0x240;

    // The key, and the words at its head.
    uint256 private constant KEY = 0x280;
    uint256 private constant PROOF_BYTES = 0x280;
    uint256 private constant INSTANCE_COUNT = 0x2a0;
    uint256 private constant INSTANCES_AT = 0x2c0;
    uint256 private constant EVALS_AT = 0x2e0;
    uint256 private constant EVALS_END = 0x300;
    uint256 private constant SCHEDULE = 0x320;
    uint256 private constant CHALLENGES_AT = 0x340;
    uint256 private constant X_AT = 0x360;
    uint256 private constant U_AT = 0x380;
    uint256 private constant K = 0x3a0;
    uint256 private constant OMEGA = 0x3c0;
    uint256 private constant OMEGA_INV = 0x3e0;
    uint256 private constant N_INV = 0x400;
    uint256 private constant BLINDING_FACTORS = 0x420;
    uint256 private constant ROTATIONS_AT = 0x440;
    uint256 private constant DENOMINATORS_AT = 0x460;
    uint256 private constant INVERSES_AT = 0x480;
    uint256 private constant PROGRAM_AT = 0x4a0;
    uint256 private constant CHAINS_AT = 0x4c0;
    /// [s]G2 and -G2, as the pairing precompile takes them.
    uint256 private constant S_G2 = 0x4e0;
    uint256 private constant NEG_G2 = 0x560;

    /// The call was given too little gas to tell whether the proof holds: call again with more.
    error NotEnoughGas();

    /// This precompile fails even for input that is right: the chain forbids it or charges more than its cap. The proof
    /// cannot be verified there, with any gas.
    error PrecompileUnusable(uint256 precompile);

    /// @notice `true` and `false` are final: a proof is never said to be wrong for want of gas. With too little of it,
    /// the call reverts with NotEnoughGas, or runs out of gas where not even that much was left. On a chain without
    /// the precompiles (calls succeed and give nothing), no proof holds. Calldata that the ABI does not allow reverts
    /// without a reason.
    ///
    /// Under one key, a wrong proof costs no more gas than a right one, however much the call was given: what a wrong
    /// point burns, EC_MUL_CAP and the price of one ecMul at most, is less than the pairing that is not reached then.
    ///
    /// @param key head of the verifying key's contracts
    /// @param proof points as x ‖ y (64 bytes), scalars as 32 bytes, big-endian, in the order of the prover's transcript
    /// @param instances the instance column's values, each below R
    /// @return whether the proof holds; malformed input is a proof that does not hold
    function verify(address key, bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        assembly {
            function refuse() {
                mstore(0, 0)
                return(0, 0x20)
            }

            /// Reverts if a call that has just failed was not given all of `cap`. It kept what it was given, and a
            /// caller with g gas gives g - g/64 at most (EIP-150): if that is below the cap, less than cap/63 is left.
            function requireGas(cap) {
                if lt(gas(), div(cap, 63)) {
                    mstore(0, shl(224, NOT_ENOUGH_GAS))
                    revert(0, 4)
                }
            }

            /// A call of this precompile has failed. That is the fault of its input, and so of the proof, only if the
            /// same call with zeros succeeds: they stand for the identity and cost the same. Gas that was too little
            /// for the first call is far too little for this one; a chain that charges more than the cap fails both,
            /// and so does the limit on the depth of calls. Size 0 is for modexp, to which no input is wrong.
            function blame(precompile, cap, size) {
                requireGas(cap)
                if size {
                    calldatacopy(0, calldatasize(), size)
                    if staticcall(cap, precompile, 0, size, 0, 0) { refuse() }
                    requireGas(cap)
                }
                mstore(0, shl(224, PRECOMPILE_UNUSABLE))
                mstore(4, precompile)
                revert(0, 0x24)
            }

            function load(contract_) {
                let to := KEY
                for {} contract_ {} {
                    let size := extcodesize(contract_)
                    if lt(size, 22) { refuse() }
                    extcodecopy(contract_, 0, 1, 0x20)
                    extcodecopy(contract_, to, 21, sub(size, 21))
                    to := add(to, sub(size, 21))
                    contract_ := shr(96, mload(0))
                }
                if iszero(eq(to, mload(INSTANCES_AT))) { refuse() }
            }

            /// Refuses unless all words in [at, end) are below R.
            function requireScalars(at, end) {
                let good := 1
                for { let most := sub(end, 0x60) } lt(at, most) { at := add(at, 0x80) } {
                    good := and(
                        good,
                        and(
                            and(lt(mload(at), R), lt(mload(add(at, 0x20)), R)),
                            and(lt(mload(add(at, 0x40)), R), lt(mload(add(at, 0x60)), R))
                        )
                    )
                }
                for {} lt(at, end) { at := add(at, 0x20) } { good := and(good, lt(mload(at), R)) }
                if iszero(good) { refuse() }
            }

            /// Refuses the identity among the points in [at, end): the transcript has no encoding of it. No other
            /// point of the curve has y = 0, and the precompiles check that all points are on the curve.
            function requirePoints(at, end) {
                let bad := 0
                for { at := add(at, 0x20) } lt(at, end) { at := add(at, 0x40) } { bad := or(bad, iszero(mload(at))) }
                if bad { refuse() }
            }

            /// Squeezes the key's schedule: entries of 4 bytes, how much is absorbed (3) and how often is squeezed (1).
            /// A digest goes where the absorbed part's previous word stood, for as long as the hashing takes.
            function squeeze(at) {
                let to := mload(CHALLENGES_AT)
                let digest := 0
                let prefix := 0
                for { let entries := mload(SCHEDULE) } entries { entries := shl(32, entries) } {
                    let size := shr(232, entries)
                    let before := sub(at, 0x20)
                    let saved := mload(before)
                    mstore(before, digest)
                    digest := keccak256(sub(at, prefix), add(size, prefix))
                    mstore(before, saved)
                    at := add(at, size)
                    prefix := 0x20
                    mstore(to, mod(digest, R))
                    to := add(to, 0x20)
                    for { let more := sub(byte(3, entries), 1) } more { more := sub(more, 1) } {
                        mstore(0, digest)
                        mstore8(0x20, 1)
                        digest := keccak256(0, 0x21)
                        mstore(to, mod(digest, R))
                        to := add(to, 0x20)
                    }
                }
            }

            /// Sum of values[i] / (x * step^i - 1), as numerator and denominator.
            function sumFractions(x, step, at, end) -> numerator, denominator {
                denominator := 1
                for {} lt(at, end) { at := add(at, 0x20) } {
                    let d := add(x, sub(R, 1))
                    numerator := add(mulmod(numerator, d, R), mulmod(mload(at), denominator, R))
                    denominator := mulmod(denominator, d, R)
                    x := mulmod(x, step, R)
                }
            }

            /// Sum of 1 / (x * step^i - 1) for i < count, and x * step^count.
            function sumInverses(x, step, count) -> numerator, denominator, next {
                denominator := 1
                for {} count { count := sub(count, 1) } {
                    let d := add(x, sub(R, 1))
                    numerator := add(mulmod(numerator, d, R), denominator)
                    denominator := mulmod(denominator, d, R)
                    x := mulmod(x, step, R)
                }
                next := x
            }

            /// Writes to INVERSES_AT the inverses of the words from DENOMINATORS_AT up to there.
            function invert() {
                let from := mload(DENOMINATORS_AT)
                let to := mload(INVERSES_AT)
                let size := sub(to, from)
                let product := 1
                for {} lt(from, to) { from := add(from, 0x20) } {
                    mstore(add(from, size), product)
                    product := mulmod(product, mload(from), R)
                }
                mstore(0, 0x20)
                mstore(0x20, 0x20)
                mstore(0x40, 0x20)
                mstore(0x60, product)
                mstore(0x80, sub(R, 2))
                mstore(0xa0, R)
                if iszero(staticcall(MODEXP_CAP, 5, 0, 0xc0, 0, 0x20)) { blame(5, MODEXP_CAP, 0) }
                let inverse := mload(0)
                if iszero(eq(mulmod(inverse, product, R), 1)) { refuse() }
                for { let start := sub(to, size) } gt(from, start) {} {
                    from := sub(from, 0x20)
                    let slot := add(from, size)
                    mstore(slot, mulmod(inverse, mload(slot), R))
                    inverse := mulmod(inverse, mload(from), R)
                }
            }

            /// Lagrange polynomials, instance evaluation and the inverses that the program needs.
            function lagrange() {
                let x := mload(mload(X_AT))
                let xn := x
                for { let i := mload(K) } i { i := sub(i, 1) } { xn := mulmod(xn, xn, R) }
                mstore(X_POW_N, xn)

                let to := mload(DENOMINATORS_AT)
                let vanishing := addmod(xn, sub(R, 1), R)
                mstore(to, x)
                mstore(add(to, 0x20), vanishing)
                mstore(add(to, 0x40), addmod(x, sub(R, 1), R))
                let blind, blindDenominator, last :=
                    sumInverses(mulmod(x, mload(OMEGA), R), mload(OMEGA), mload(BLINDING_FACTORS))
                mstore(add(to, 0x60), addmod(last, sub(R, 1), R))
                mstore(add(to, 0x80), blindDenominator)
                let instance, instanceDenominator
                {
                    let at := mload(INSTANCES_AT)
                    let end := add(at, shl(5, mload(INSTANCE_COUNT)))
                    instance, instanceDenominator := sumFractions(x, mload(OMEGA_INV), at, end)
                }
                mstore(add(to, 0xa0), instanceDenominator)
                // u - x * omega^rotation for every rotation that is opened.
                {
                    let u := mload(mload(U_AT))
                    let rotation := mload(ROTATIONS_AT)
                    let end := mload(INVERSES_AT)
                    for { let d := add(to, 0xc0) } lt(d, end) { d := add(d, 0x20) } {
                        mstore(d, addmod(u, sub(R, mulmod(x, mload(rotation), R)), R))
                        rotation := add(rotation, 0x20)
                    }
                }
                invert()

                // L_i(x) = (x^n - 1) / n / (x * omega^-i - 1)
                to := mload(INVERSES_AT)
                let common := mulmod(vanishing, mload(N_INV), R)
                mstore(L_FIRST, mulmod(common, mload(add(to, 0x40)), R))
                last := mulmod(common, mload(add(to, 0x60)), R)
                mstore(L_LAST, last)
                blind := mulmod(common, mulmod(blind, mload(add(to, 0x80)), R), R)
                mstore(L_ACTIVE, addmod(1, sub(shl(1, R), add(last, blind)), R))
                mstore(INSTANCE, mulmod(common, mulmod(instance, mload(add(to, 0xa0)), R), R))
            }

            /// The value whose address is in w at this bit.
            function value(w, bit) -> v {
                v := mload(and(shr(bit, w), 0xffff))
            }

            /// Runs the key's program. It is a list of runs, each `kind (1) ‖ end address (2)` and instructions of that
            /// kind up to the end; kind 0 halts. Operands are memory addresses, values are below r.
            function run(p, r) {
                for {} 1 {} {
                    let head := mload(p)
                    let end := and(shr(232, head), 0xffff)
                    p := add(p, 3)
                    switch byte(0, head)
                    // Product of two: out, two factors; in fives, filled up with zeros (which write to scratch).
                    case 11 {
                        for {} iszero(eq(p, end)) { p := add(p, 30) } {
                            let w := mload(p)
                            mstore(shr(240, w), mulmod(value(w, 224), value(w, 208), r))
                            mstore(and(shr(192, w), 0xffff), mulmod(value(w, 176), value(w, 160), r))
                            mstore(and(shr(144, w), 0xffff), mulmod(value(w, 128), value(w, 112), r))
                            mstore(and(shr(96, w), 0xffff), mulmod(value(w, 80), value(w, 64), r))
                            mstore(and(shr(48, w), 0xffff), mulmod(value(w, 32), value(w, 16), r))
                        }
                    }
                    // Sums of products, kind = number of pairs: out, summand, then pairs of factors. Runs of one pair come
                    // in fours, runs of two pairs in twos, filled up as above.
                    case 1 {
                        for {} iszero(eq(p, end)) { p := add(p, 32) } {
                            let w := mload(p)
                            mstore(shr(240, w), addmod(mulmod(value(w, 208), value(w, 192), r), value(w, 224), r))
                            mstore(
                                and(shr(176, w), 0xffff),
                                addmod(mulmod(value(w, 144), value(w, 128), r), value(w, 160), r)
                            )
                            mstore(
                                and(shr(112, w), 0xffff),
                                addmod(mulmod(value(w, 80), value(w, 64), r), value(w, 96), r)
                            )
                            mstore(
                                and(shr(48, w), 0xffff),
                                addmod(mulmod(value(w, 16), value(w, 0), r), value(w, 32), r)
                            )
                        }
                    }
                    case 2 {
                        for {} iszero(eq(p, end)) { p := add(p, 24) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                            sum := mulmod(value(w, 112), value(w, 96), r)
                            sum := add(sum, mulmod(value(w, 80), value(w, 64), r))
                            sum := add(sum, value(w, 128))
                            mstore(and(shr(144, w), 0xffff), mod(sum, r))
                        }
                    }
                    case 3 {
                        for {} iszero(eq(p, end)) { p := add(p, 16) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, mulmod(value(w, 144), value(w, 128), r))
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                        }
                    }
                    case 4 {
                        for {} iszero(eq(p, end)) { p := add(p, 20) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, mulmod(value(w, 144), value(w, 128), r))
                            sum := add(sum, mulmod(value(w, 112), value(w, 96), r))
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                        }
                    }
                    case 5 {
                        for {} iszero(eq(p, end)) { p := add(p, 24) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, mulmod(value(w, 144), value(w, 128), r))
                            sum := add(sum, mulmod(value(w, 112), value(w, 96), r))
                            sum := add(sum, mulmod(value(w, 80), value(w, 64), r))
                            sum := mod(sum, r)
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                        }
                    }
                    case 6 {
                        for {} iszero(eq(p, end)) { p := add(p, 28) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, mulmod(value(w, 144), value(w, 128), r))
                            sum := add(sum, mulmod(value(w, 112), value(w, 96), r))
                            sum := add(sum, mulmod(value(w, 80), value(w, 64), r))
                            sum := mod(sum, r)
                            sum := add(sum, mulmod(value(w, 48), value(w, 32), r))
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                        }
                    }
                    case 7 {
                        for {} iszero(eq(p, end)) { p := add(p, 32) } {
                            let w := mload(p)
                            let sum := mulmod(value(w, 208), value(w, 192), r)
                            sum := add(sum, mulmod(value(w, 176), value(w, 160), r))
                            sum := add(sum, mulmod(value(w, 144), value(w, 128), r))
                            sum := add(sum, mulmod(value(w, 112), value(w, 96), r))
                            sum := add(sum, mulmod(value(w, 80), value(w, 64), r))
                            sum := mod(sum, r)
                            sum := add(sum, mulmod(value(w, 48), value(w, 32), r))
                            sum := add(sum, mulmod(value(w, 16), value(w, 0), r))
                            sum := add(sum, value(w, 224))
                            mstore(shr(240, w), mod(sum, r))
                        }
                    }
                    // Horner: out, base, end, then addresses from the highest coefficient down, in fours.
                    case 8 {
                        for {} iszero(eq(p, end)) {} {
                            let h := mload(p)
                            let base := value(h, 224)
                            let stop_ := and(shr(208, h), 0xffff)
                            let sum := 0
                            for { p := add(p, 6) } iszero(eq(p, stop_)) { p := add(p, 8) } {
                                let w := mload(p)
                                sum := add(mulmod(sum, base, r), mload(shr(240, w)))
                                sum := add(mulmod(sum, base, r), value(w, 224))
                                sum := add(mulmod(sum, base, r), value(w, 208))
                                sum := add(mulmod(sum, base, r), value(w, 192))
                            }
                            mstore(shr(240, h), mod(sum, r))
                        }
                    }
                    // Product: out, end, then addresses, in fours.
                    case 9 {
                        for {} iszero(eq(p, end)) {} {
                            let h := mload(p)
                            let stop_ := and(shr(224, h), 0xffff)
                            let product := 1
                            for { p := add(p, 4) } iszero(eq(p, stop_)) { p := add(p, 8) } {
                                let w := mload(p)
                                product := mulmod(product, mload(shr(240, w)), r)
                                product := mulmod(product, value(w, 224), r)
                                product := mulmod(product, value(w, 208), r)
                                product := mulmod(product, value(w, 192), r)
                            }
                            mstore(shr(240, h), product)
                        }
                    }
                    // Fifth power: out, in; in fours, as above.
                    case 10 {
                        for {} iszero(eq(p, end)) { p := add(p, 16) } {
                            let w := mload(p)
                            let x := value(w, 224)
                            let x2 := mulmod(x, x, r)
                            mstore(shr(240, w), mulmod(mulmod(x2, x2, r), x, r))
                            x := value(w, 192)
                            x2 := mulmod(x, x, r)
                            mstore(and(shr(208, w), 0xffff), mulmod(mulmod(x2, x2, r), x, r))
                            x := value(w, 160)
                            x2 := mulmod(x, x, r)
                            mstore(and(shr(176, w), 0xffff), mulmod(mulmod(x2, x2, r), x, r))
                            x := value(w, 128)
                            x2 := mulmod(x, x, r)
                            mstore(and(shr(144, w), 0xffff), mulmod(mulmod(x2, x2, r), x, r))
                        }
                    }
                    default { break }
                }
            }

            /// A chain is `end (2) ‖ base (2) ‖ weight (2)` and the addresses of points P_0, P_1, … (2 each):
            /// acc := weight * (… (P_0 * base + P_1) * base + …), where weight 0 leaves the factor out.
            function chain(p) -> end {
                let head := mload(p)
                end := shr(240, head)
                {
                    let point := and(shr(192, head), 0xffff)
                    mstore(0x40, mload(point))
                    mstore(0x60, mload(add(point, 0x20)))
                }
                // The base stays where it is: the product goes behind it.
                mstore(0x80, mload(and(shr(224, head), 0xffff)))
                for { p := add(p, 8) } iszero(eq(p, end)) { p := add(p, 2) } {
                    if iszero(staticcall(EC_MUL_CAP, 7, 0x40, 0x60, 0xa0, 0x40)) { blame(7, EC_MUL_CAP, 0x60) }
                    let point := shr(240, mload(p))
                    mstore(0xe0, mload(point))
                    mstore(0x100, mload(add(point, 0x20)))
                    if iszero(staticcall(EC_ADD_CAP, 6, 0xa0, 0x80, 0x40, 0x40)) { blame(6, EC_ADD_CAP, 0x80) }
                }
                let weight := and(shr(208, head), 0xffff)
                if weight {
                    mstore(0x80, mload(weight))
                    if iszero(staticcall(EC_MUL_CAP, 7, 0x40, 0x60, 0x40, 0x40)) { blame(7, EC_MUL_CAP, 0x60) }
                }
            }

            load(key)
            {
                let size := mload(INSTANCE_COUNT)
                if iszero(and(eq(proof.length, mload(PROOF_BYTES)), eq(instances.length, size))) { refuse() }
                size := shl(5, size)
                let at := mload(INSTANCES_AT)
                calldatacopy(at, instances.offset, size)
                let proofAt := add(at, size)
                let proofEnd := add(proofAt, proof.length)
                calldatacopy(proofAt, proof.offset, proof.length)
                requireScalars(at, proofAt)
                requireScalars(mload(EVALS_AT), mload(EVALS_END))
                requirePoints(proofAt, mload(EVALS_AT))
                requirePoints(mload(EVALS_END), proofEnd)
                squeeze(sub(at, 0x20))
            }
            lagrange()
            run(mload(PROGRAM_AT), R)

            // The first chain folds the quotient's pieces; the others add up to the right side of the pairing.
            let next := chain(mload(CHAINS_AT))
            mstore(QUOTIENT, mload(0x40))
            mstore(add(QUOTIENT, 0x20), mload(0x60))
            next := chain(next)
            mstore(0, mload(0x40))
            mstore(0x20, mload(0x60))
            for { let end := mload(PROGRAM_AT) } lt(next, end) {} {
                next := chain(next)
                if iszero(staticcall(EC_ADD_CAP, 6, 0, 0x80, 0, 0x40)) { blame(6, EC_ADD_CAP, 0x80) }
            }

            // e(h2, [s]G2) * e(total, -G2) = 1
            mstore(0xc0, mload(0))
            mstore(0xe0, mload(0x20))
            {
                let h2 := add(mload(EVALS_END), 0x40)
                mstore(0, mload(h2))
                mstore(0x20, mload(add(h2, 0x20)))
            }
            for { let i := 0 } lt(i, 0x80) { i := add(i, 0x20) } {
                mstore(add(0x40, i), mload(add(S_G2, i)))
                mstore(add(0x100, i), mload(add(NEG_G2, i)))
            }
            // The result goes to a word that is zero until then: a chain without the precompile accepts nothing.
            if iszero(staticcall(PAIRING_CAP, 8, 0, 0x180, ZERO, 0x20)) { blame(8, PAIRING_CAP, 0x180) }
            mstore(0, eq(mload(ZERO), 1))
            return(0, 0x20)
        }
    }
}
