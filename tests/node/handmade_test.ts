import assert from "node:assert/strict";
import { buildSlice } from "../../src/artifact/build.ts";
import { openSlice, packSlice, sha256 } from "../../src/artifact/package.ts";
import { AetherError } from "../../src/base/errors.ts";
import { sliceTools } from "../../src/forge/tools.ts";
import { parseCoordinates, repositoryPath } from "../../src/protocol/coordinates.ts";
import { goodSlice, withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

// A publisher need not use the builder, which refuses all of this.

const secret = "SECRET-OF-THE-FILE-c0ffee";

/** First lines of modules; each would come to the text of a file. */
const imports = {
  "static text": 'import got from "FILE" with { type: "text" };',
  "static json": 'import got from "FILE" with { type: "json" };',
  "static js": 'import * as got from "FILE";',
  "export of js": 'export * from "FILE"; const got = "";',
  "literal dynamic text":
    'const { default: got } = await import("FILE", { with: { type: "text" } });',
  "literal dynamic json":
    'const { default: got } = await import("FILE", { with: { type: "json" } });',
  "literal dynamic js": 'const got = await import("FILE");',
  "npm": 'import got from "npm:zod";',
  "https": 'import got from "https://example.com/mod.js";',
  "literal dynamic npm": 'const got = await import("npm:zod");',
  "literal dynamic https": 'const got = await import("https://example.com/mod.js");',
  "built-in": 'import { readFileSync } from "node:fs"; const got = readFileSync(new URL("FILE"));',
  "worker with text":
    `const code = 'import got from "FILE" with { type: "text" }; postMessage(got)';
const worker = new Worker("data:text/javascript," + encodeURIComponent(code), { type: "module" });
const got = await new Promise((resolve) => worker.onmessage = (event) => resolve(event.data));`,
};

/** A package with this version, whose module says at its start what it could import. */
async function handmade(dir: string, version: string, line: string) {
  const { bytes } = await buildSlice(dir, { ...sliceTools(), check: false });
  const { manifest, module } = openSlice(bytes);
  const text = `${line}\nthrow new Error("It came: " + JSON.stringify(got));\n`;
  const changed = new TextEncoder().encode(text + new TextDecoder().decode(module));
  const artifact = `org.example:good:${version}`;
  const packed = { ...manifest, artifact, sha256: sha256(changed) };
  return { artifact, bytes: packSlice({ manifest: packed, module: changed }) };
}

async function put(node: TestNode, artifact: string, bytes: Uint8Array<ArrayBuffer>) {
  const path = repositoryPath(parseCoordinates(artifact));
  const body = { bytes, contentType: "application/octet-stream" };
  return await node.client.call("repositoryPut", { params: { path }, body });
}

function toml(tier: string): string {
  return `${goodSlice["slice.toml"]}[sandbox]\ntier = "${tier}"\n`;
}

for (const tier of ["worker", "process"]) {
  Deno.test(`runNode() lets no handmade module import anything, ${tier}`, async (t) => {
    const files = { ...goodSlice, "slice.toml": toml(tier), "secret.json": `"${secret}"` };
    await withFolder(files, async (dir) => {
      await using node = await TestNode.start();
      for (const [index, [name, line]] of Object.entries(imports).entries()) {
        await t.step(name, async () => {
          const code = line.replaceAll("FILE", `file://${dir}/secret.json`);
          const { artifact, bytes } = await handmade(dir, `1.0.${index}`, code);
          await put(node, artifact, bytes);
          const id = `org.example:app-${index}:1.0.0`;
          const text = `id = "${id}"\n[[slices]]\nartifact = "${artifact}"\n`;
          const error = await node.apply(id, text).then(() => assert.fail("It runs"), (e) => e);
          assert.ok(error instanceof AetherError);
          const reasons = JSON.stringify([error.message, error.issues]);
          assert.doesNotMatch(reasons, /It came|c0ffee/);
          assert.match(
            reasons,
            /Imports are refused|not available in a slice|Requires|hook failed/,
          );
          await node.client.call("blueprintDelete", { params: { id } });
        });
      }
    });
  });
}

Deno.test("runNode() keeps a version as it was published, whoever publishes it again", async () => {
  await withFolder(goodSlice, async (dir) => {
    await using node = await TestNode.start();
    await node.publish(dir);
    const { artifact, bytes } = await handmade(dir, "1.0.0", 'const got = "";');
    await assert.rejects(put(node, artifact, bytes), { name: "ARTIFACT_EXISTS" });
  });
});
