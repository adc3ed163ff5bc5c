// Records the vectors of ../eddsa.rs with circomlibjs. In this folder: npm ci && node eddsa.mjs
//
// circomlibjs.json: signatures that circomlibjs made. penstock.json holds signatures that Penstock made (the test writes
// them when PENSTOCK_RECORD is set); this script has circomlibjs verify each, and a changed message refused, and
// records its answers.
import { readFileSync, writeFileSync } from "node:fs";
import { createHash } from "node:crypto";
import { buildEddsa } from "circomlibjs";

const eddsa = await buildEddsa();
const F = eddsa.F;
const hex = (n) => "0x" + BigInt(n).toString(16).padStart(64, "0");
const point = (p) => ({ x: hex(F.toObject(p[0])), y: hex(F.toObject(p[1])) });
const digest = (text) => createHash("sha256").update(text).digest();

const made = [];
for (let i = 0; i < 12; i++) {
  const key = digest(`penstock vector key ${i}`);
  const message = i === 0 ? F.e(0n) : i === 1 ? F.e(-1n) : F.e(BigInt("0x" + digest(`message ${i}`).toString("hex")));
  const signature = eddsa.signPoseidon(key, message);
  if (!eddsa.verifyPoseidon(message, signature, eddsa.prv2pub(key))) throw new Error("circomlibjs refuses its own");
  made.push({
    private_key: "0x" + key.toString("hex"),
    message: hex(F.toObject(message)),
    public_key: point(eddsa.prv2pub(key)),
    r8: point(signature.R8),
    s: hex(signature.S),
  });
}
writeFileSync("circomlibjs.json", JSON.stringify(made, null, 1) + "\n");

const ours = JSON.parse(readFileSync("penstock.json", "utf8"));
for (const vector of ours) {
  const parse = (p) => [F.e(BigInt(p.x)), F.e(BigInt(p.y))];
  const signature = { R8: parse(vector.r8), S: BigInt(vector.s) };
  const [message, key] = [F.e(BigInt(vector.message)), parse(vector.public_key)];
  vector.circomlibjs_verifies = eddsa.verifyPoseidon(message, signature, key);
  vector.circomlibjs_verifies_next_message = eddsa.verifyPoseidon(F.add(message, F.one), signature, key);
}
writeFileSync("penstock.json", JSON.stringify(ours, null, 1) + "\n");
process.exit(0);
