import assert from "node:assert/strict";
import { FailureDetector } from "./detector.ts";

const silence = { unreachable: [], down: [] };

/** A detector that ticks every 100 ms and hears from the given nodes each time. */
class Watch {
  readonly detector = new FailureDetector({ suspectMs: 600, downMs: 1_500, pauseMs: 400 });
  nowMs = 0;
  readonly changes: string[] = [];

  constructor(...nodes: readonly string[]) {
    this.detector.follow(nodes, 0);
  }

  pass(durationMs: number, ...heard: readonly string[]): this {
    for (let passed = 0; passed < durationMs; passed += 100) {
      this.nowMs += 100;
      for (const node of heard) this.detector.heard(node, this.nowMs, silence);
      this.tick();
    }
    return this;
  }

  tick(): void {
    for (const { node, from, to } of this.detector.tick(this.nowMs)) {
      this.changes.push(`${node} ${from}>${to}`);
    }
  }
}

Deno.test("FailureDetector suspects silence, then counts it as down, then believes again", () => {
  const watch = new Watch("a", "b").pass(500, "a", "b");
  assert.deepEqual(watch.changes, []);
  watch.pass(500, "a");
  assert.equal(watch.detector.beliefOf("b"), "alive");
  watch.pass(100, "a");
  assert.deepEqual([...watch.detector.suspected()], ["b"]);
  watch.pass(900, "a");
  assert.deepEqual(watch.changes, ["b alive>suspect", "b suspect>down"]);
  assert.deepEqual(watch.detector.opinion, { unreachable: [], down: ["b"] });
  watch.pass(100, "a", "b");
  assert.deepEqual(watch.changes.slice(2), ["b down>alive"]);
  assert.deepEqual(watch.detector.opinion, silence);
});

Deno.test("FailureDetector holds nobody's silence against them after a pause of its own", () => {
  const watch = new Watch("a", "b").pass(500, "a", "b");
  watch.nowMs += 10_000;
  watch.tick();
  assert.deepEqual(watch.changes, []);
  watch.pass(500);
  assert.deepEqual(watch.changes, []);
  watch.pass(1_000);
  assert.equal(watch.detector.beliefOf("a"), "down");
});

Deno.test("FailureDetector takes a refused connection for death only when another confirms", () => {
  const watch = new Watch("a", "b", "c").pass(500, "a", "b", "c");
  watch.detector.refused("c");
  watch.tick();
  assert.deepEqual(watch.changes, ["c alive>suspect"]);
  assert.deepEqual(watch.detector.opinion, { unreachable: ["c"], down: [] });
  watch.detector.heard("a", watch.nowMs, { unreachable: ["c"], down: [] });
  watch.tick();
  assert.deepEqual(watch.changes, ["c alive>suspect", "c suspect>down"]);
  // It is there again.
  watch.detector.heard("c", watch.nowMs, silence);
  watch.tick();
  assert.equal(watch.detector.beliefOf("c"), "alive");
});

Deno.test("FailureDetector believes no confirmation of a node that is down itself", () => {
  const watch = new Watch("a", "b", "c").pass(500, "a", "b", "c");
  watch.detector.heard("a", watch.nowMs, { unreachable: ["c"], down: [] });
  watch.pass(1_500, "b", "c");
  assert.equal(watch.detector.beliefOf("a"), "down");
  watch.detector.refused("c");
  watch.tick();
  assert.equal(watch.detector.beliefOf("c"), "suspect");
});

Deno.test("FailureDetector of two nodes needs no confirmation, for there is nobody to ask", () => {
  const watch = new Watch("a").pass(500, "a");
  watch.detector.refused("a");
  watch.tick();
  assert.equal(watch.detector.beliefOf("a"), "down");
});

Deno.test("FailureDetector.isLost() tells a dead node from one behind a bad link", () => {
  const voters = ["self", "a", "b", "c", "d"];
  const down = (...nodes: string[]) => ({ unreachable: [], down: nodes });
  const watch = new Watch("a", "b", "c", "d").pass(500, "a", "b", "c", "d");
  assert.equal(watch.detector.isLost("a", voters), false);
  watch.pass(1_500, "b", "c", "d");
  assert.equal(watch.detector.beliefOf("a"), "down");
  assert.equal(watch.detector.isLost("a", voters), false, "Only this node says so");
  watch.detector.heard("b", watch.nowMs, down("a"));
  assert.equal(watch.detector.isLost("a", voters), false, "Two of five say so");
  watch.detector.heard("c", watch.nowMs, down("a"));
  assert.equal(watch.detector.isLost("a", voters), true, "Three of five say so");
});

Deno.test("FailureDetector.isLost() goes by everybody who is heard when that is no majority", () => {
  const voters = ["self", "a", "b", "c", "d", "e", "f"];
  const watch = new Watch("a", "b", "c", "d", "e", "f").pass(500, "a", "b", "c", "d", "e", "f");
  watch.pass(1_500, "b", "c");
  const isLost = () => watch.detector.isLost("a", voters);
  watch.detector.heard("b", watch.nowMs, { unreachable: [], down: ["a"] });
  assert.equal(isLost(), false);
  watch.detector.heard("c", watch.nowMs, { unreachable: [], down: ["a"] });
  assert.equal(isLost(), true);
});

Deno.test("FailureDetector.follow() forgets who is not a member, with what they said", () => {
  const watch = new Watch("a", "b").pass(300, "a", "b");
  watch.detector.heard("a", watch.nowMs, { unreachable: ["b"], down: [] });
  watch.detector.follow(["b", "c"], watch.nowMs);
  watch.detector.refused("b");
  watch.tick();
  assert.equal(watch.detector.beliefOf("b"), "suspect", "A stranger's word counted");
  assert.equal(watch.detector.beliefOf("a"), "down", "A stranger is alive");
  assert.equal(watch.detector.beliefOf("c"), "alive");
  watch.detector.heard("a", watch.nowMs, silence);
  watch.detector.refused("a");
  assert.equal(watch.detector.beliefOf("a"), "down");
});

Deno.test("FailureDetector follows a node that flaps without a lasting belief", () => {
  const watch = new Watch("a", "b");
  for (let round = 0; round < 5; round++) watch.pass(800, "a").pass(300, "a", "b");
  const seen = new Set(watch.changes);
  assert.deepEqual(seen, new Set(["b alive>suspect", "b suspect>alive"]));
  assert.equal(watch.detector.beliefOf("b"), "alive");
});
