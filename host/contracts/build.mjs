// Compiles BatchVerifier.sol with the pinned compiler into BatchVerifier.json: ABI, bytecode and the checksums by which
// the Rust tests tell that artefact, source and settings belong together. `node build.mjs --check` compares instead of
// writing.
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import solc from "solc";

const folder = new URL(".", import.meta.url);
const name = "BatchVerifier";
const settings = {
  evmVersion: "paris",
  optimizer: { enabled: true, runs: 1_000_000 },
  viaIR: true,
  metadata: { appendCBOR: false },
  outputSelection: { "*": { "*": ["abi", "evm.bytecode.object", "evm.deployedBytecode.object"] } },
};
const sha256 = (data) => createHash("sha256").update(data).digest("hex");

const source = readFileSync(new URL(`${name}.sol`, folder), "utf8");
const output = JSON.parse(
  solc.compile(JSON.stringify({ language: "Solidity", sources: { [`${name}.sol`]: { content: source } }, settings })),
);
for (const message of output.errors ?? []) console.error(message.formattedMessage);
if (output.errors?.length) process.exit(1);

const { abi, evm } = output.contracts[`${name}.sol`][name];
delete settings.outputSelection;
const artefact =
  JSON.stringify(
    {
      contract: name,
      compiler: solc.version(),
      settings,
      source_sha256: sha256(source),
      runtime_sha256: sha256(Buffer.from(evm.deployedBytecode.object, "hex")),
      abi,
      bytecode: evm.bytecode.object,
      runtime: evm.deployedBytecode.object,
    },
    null,
    2,
  ) + "\n";

const path = new URL(`${name}.json`, folder);
if (process.argv.includes("--check")) {
  if (readFileSync(path, "utf8") !== artefact) {
    console.error(`${name}.json is not what ${name}.sol compiles to: run \`npm ci && node build.mjs\` and commit it`);
    process.exit(1);
  }
} else {
  writeFileSync(path, artefact);
}
console.log(`${name}: ${evm.deployedBytecode.object.length / 2} bytes of runtime code`);
