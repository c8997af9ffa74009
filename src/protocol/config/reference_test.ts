import assert from "node:assert/strict";
import { configKeys } from "./keys.ts";
import { readConfig } from "./read.ts";
import { configReference } from "./reference.ts";

Deno.test("configReference() is what docs/reference/configuration.md contains", async () => {
  const file = new URL("../../../docs/reference/configuration.md", import.meta.url);
  assert.equal(
    await Deno.readTextFile(file),
    configReference(),
    "Run `deno run -A scripts/docs_config.ts`",
  );
});

Deno.test("configReference() describes every key once, with its variables and flag", () => {
  const text = configReference();
  for (const key of configKeys) {
    if (key.kind === "tables") continue;
    for (const setter of [...key.variables, ...(key.flag === undefined ? [] : [`--${key.flag}`])]) {
      assert.ok(text.includes(`\`${setter}\``), setter);
    }
  }
  const headings = text.split("\n").filter((line) => line.startsWith("### "));
  assert.equal(
    headings.length,
    configKeys.filter(({ kind }) => kind !== "tables" && kind !== "resources").length,
  );
});

Deno.test("configReference() shows an example that is valid", async () => {
  const [, text] = /```toml\n(.*?)```/s.exec(configReference()) ?? [];
  assert.ok(text);
  const secretsIn = () => assert.fail("The example has no secrets");
  const { config } = await readConfig({
    file: { name: "example", text },
    env: {},
    flags: {},
    secretsIn,
  });
  assert.equal(config.node.dataDir, "data");
});
