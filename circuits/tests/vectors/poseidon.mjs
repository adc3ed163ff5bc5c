// Records hashes of pairs by circomlibjs, for the hash's implementations. In this folder: npm ci && node poseidon.mjs
import { writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { buildPoseidonReference } from "circomlibjs";

const poseidon = await buildPoseidonReference();
const F = poseidon.F;
const hex = (n) => "0x" + F.toObject(n).toString(16).padStart(64, "0");
const element = (text) => F.e(BigInt("0x" + createHash("sha256").update(text).digest("hex")));

const edges = [F.e(0n), F.e(1n), F.e(-1n)];
const pairs = edges.flatMap((a) => edges.map((b) => [a, b]));
for (let i = 0; i < 32; i++) pairs.push([element(`left ${i}`), element(`right ${i}`)]);
const vectors = pairs.map((pair) => ({ inputs: pair.map(hex), hash: hex(poseidon(pair)) }));
writeFileSync("poseidon.json", JSON.stringify(vectors, null, 1) + "\n");
process.exit(0);
