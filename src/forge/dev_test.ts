import assert from "node:assert/strict";
import { type DevOptions, runDev } from "./dev.ts";

Deno.test("runDev() refuses a data directory among the sources", async () => {
  const options = { folder: "slices", dataDir: "slices/data", portBase: 0 } as DevOptions;
  await assert.rejects(runDev(options), {
    name: "USAGE",
    message: "The data directory slices/data is among the sources in slices",
  });
});
