import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { buildSlice } from "../src/artifact/build.ts";
import { openSlice } from "../src/artifact/package.ts";
import { sliceTools } from "../src/forge/tools.ts";
import { readConfig } from "../src/protocol/config/read.ts";
import { requireResources } from "../src/resource/check.ts";
import { resourceFactories } from "../src/resource/factories.ts";
import { describeHere, withFolder } from "./fixtures/slices/temporary.ts";

const text = Deno.readTextFileSync(fileURLToPath(new URL("../docs/resources.md", import.meta.url)));

function block(language: string): string {
  const [, code] = new RegExp("```" + language + "\n(.*?)```", "s").exec(text) ?? [];
  return code ?? assert.fail(`docs/resources.md has no ${language}`);
}

Deno.test("docs/resources.md: its slice builds, and its configuration gives what it needs", async () => {
  const { config } = await readConfig({
    file: { name: "aether.toml", text: block("toml") },
    env: {},
    flags: {},
    secretsIn: () => ({ place: "the test", read: () => Promise.resolve("t0ken") }),
  });
  const files = {
    "slice.toml": 'artifact = "org.example:orders:1.0.0"\n',
    "mod.ts": block("ts"),
  };
  await withFolder(files, async (dir) => {
    const { bytes } = await buildSlice(dir, { ...sliceTools(), describe: describeHere });
    const { manifest } = openSlice(bytes);
    requireResources([manifest], config.resources, resourceFactories);
    assert.equal(manifest.definition.resources.length, 5);
  });
});
