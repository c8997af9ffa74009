import assert from "node:assert/strict";
import { until } from "./until.ts";

Deno.test("until() asks again for undefined and false, and gives anything else", async () => {
  for (const last of [0, "", null, true]) {
    const answers = [undefined, false, last];
    assert.equal(await until("an answer", () => answers.shift()), last);
    assert.deepEqual(answers, []);
  }
});

Deno.test("until() says what did not happen, and passes on what failed", async () => {
  await assert.rejects(until("rain", () => false, 0), /It did not happen in 0 ms: rain/);
  await assert.rejects(until("rain", () => Promise.reject(new Error("Drought"))), /Drought/);
});
