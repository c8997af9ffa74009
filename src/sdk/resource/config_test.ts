import assert from "node:assert/strict";
import { z } from "zod";
import { config } from "./config.ts";

Deno.test("config() describes a need with its section and schema", () => {
  const schema = z.object({ a: z.number() });
  const options = { section: "limits" };
  assert.deepEqual(config("limits", schema), { kind: "resource", type: "config", options, schema });
  assert.throws(() => config("Limits", schema), /config\(\) has section "Limits": write/);
});
