import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { buildSlice } from "../src/artifact/build.ts";
import { openSlice } from "../src/artifact/package.ts";
import { parseBlueprint } from "../src/deployment/parse_blueprint.ts";
import { resolveBlueprint } from "../src/deployment/resolve.ts";
import { sliceTools } from "../src/forge/tools.ts";
import { describeHere, withFolder } from "./fixtures/slices/temporary.ts";

const text = Deno.readTextFileSync(fileURLToPath(new URL("../docs/schedules.md", import.meta.url)));

function block(language: string): string {
  const [, code] = new RegExp("```" + language + "\n(.*?)```", "s").exec(text) ?? [];
  return code ?? assert.fail(`docs/schedules.md has no ${language}`);
}

Deno.test("docs/schedules.md: its slice builds, and its blueprint fits it", async () => {
  const files = {
    "slice.toml": 'artifact = "org.example:keeper:1.0.0"\n',
    "mod.ts": block("ts"),
  };
  await withFolder(files, async (dir) => {
    const { bytes } = await buildSlice(dir, { ...sliceTools(), describe: describeHere });
    const { manifest } = openSlice(bytes);
    assert.deepEqual(Object.keys(manifest.definition.schedules ?? {}), [
      "cleanup",
      "report",
      "warmUp",
    ]);
    const { slices } = resolveBlueprint(parseBlueprint(block("toml")), {
      manifest: () => manifest,
      versions: () => ["1.0.0"],
    });
    assert.equal(slices[0]?.schedules?.["report"]?.cron, "30 4 * * 1");
  });
});
