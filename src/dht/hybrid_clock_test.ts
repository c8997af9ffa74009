import assert from "node:assert/strict";
import fc from "fast-check";
import { compareVersions } from "../protocol/dht/version.ts";
import { HybridClock } from "./hybrid_clock.ts";

fc.configureGlobal({ seed: 34 });

Deno.test("HybridClock gives growing versions whatever the wall clock does", () => {
  fc.assert(fc.property(fc.array(fc.nat(100), { minLength: 2 }), (walls) => {
    const clock = new HybridClock("a");
    const versions = walls.map((wallMs) => clock.next(wallMs));
    for (const [i, version] of versions.entries()) {
      const before = versions[i - 1];
      if (before !== undefined) assert.ok(compareVersions(before, version) < 0);
    }
  }));
});

Deno.test("HybridClock gives newer versions than those it has seen", () => {
  const clock = new HybridClock("a");
  clock.see({ timeMs: 500, counter: 0xffff, writer: "z" });
  assert.deepEqual(clock.next(100), { timeMs: 501, counter: 0, writer: "a" });
  clock.see({ timeMs: 400, counter: 9, writer: "z" });
  assert.deepEqual(clock.next(100), { timeMs: 501, counter: 1, writer: "a" });
  assert.deepEqual(clock.next(600.7), { timeMs: 600, counter: 0, writer: "a" });
});
