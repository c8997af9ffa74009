import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { commands } from "./commands.ts";
import { renderReference } from "./reference.ts";

Deno.test("renderReference() is what docs/reference/cli.md says", async () => {
  const path = fileURLToPath(new URL("../docs/reference/cli.md", import.meta.url));
  const written = await Deno.readTextFile(path);
  assert.ok(written === renderReference(), "Run `deno run -A scripts/docs_cli.ts`");
});

Deno.test("renderReference() has a section for every command and none of what is hidden", () => {
  const text = renderReference();
  for (const { path } of commands) assert.ok(text.includes(`\n## aether ${path.join(" ")}\n`));
  assert.ok(!text.includes("exit-with-parent"));
});
