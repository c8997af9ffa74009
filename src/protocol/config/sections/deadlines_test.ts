import assert from "node:assert/strict";
import { AetherError } from "../../../base/errors.ts";
import { resolveConfig } from "../config.ts";
import { callDeadlines } from "./deadlines.ts";

Deno.test("callDeadlines() are nested, also when nothing but the outermost is set", () => {
  assert.deepEqual(callDeadlines(resolveConfig({})), {
    clientMs: 30_000,
    answerMs: 27_000,
    forwardMs: 1_000,
  });
  const hurried = callDeadlines(resolveConfig({ app: { requestTimeout: "100ms" } }));
  assert.deepEqual(hurried, { clientMs: 100, answerMs: 90, forwardMs: 45 });
});

const wrong: readonly [Record<string, object>, RegExp][] = [
  [
    { app: { requestTimeout: "2s" }, calls: { answerTimeout: "2s" } },
    /^An instance has 2000 ms, not less than the 2000 ms of app.requestTimeout; lower it/,
  ],
  [
    { calls: { answerTimeout: "1s", forwardTimeout: "5s" } },
    /^A silent node is given up after 5000 ms, not before an answer is due after 1000 ms/,
  ],
];

Deno.test("resolveConfig() refuses deadlines that are not nested", () => {
  for (const [tree, message] of wrong) {
    assert.throws(() => resolveConfig(tree), (error) => {
      assert.ok(error instanceof AetherError);
      assert.equal(error.issues?.length, 1);
      assert.match(error.issues?.[0]?.message ?? "", message);
      return true;
    });
  }
});
