import assert from "node:assert/strict";
import { ScalingController, type SliceLoad } from "./controller.ts";

const rules = {
  upInFlight: 8,
  downInFlight: 2,
  upCpuPercent: 80,
  downCpuPercent: 20,
  maxInstances: 4,
};
const idle: SliceLoad = {
  artifactBase: "org.shop:echo",
  instances: 2,
  minAvailable: 1,
  inFlight: 8,
  requestsPerSecond: 10,
  errorRate: 0,
  p99Ms: 5,
  cores: 0,
  isChanging: false,
};

/** Looks once a second from a time on; answers when the first change comes, and to what. */
function first(load: Partial<SliceLoad>, fromMs = 40_000, looks = 60) {
  const controller = new ScalingController(0);
  for (let look = 0; look < looks; look++) {
    const decision = controller.decide({ ...idle, ...load }, rules, fromMs + look * 1_000);
    if (decision !== undefined) return { look, to: decision.to, reason: decision.reason };
  }
  return undefined;
}

Deno.test("ScalingController grows a slice whose calls stay above the limit", () => {
  assert.deepEqual(first({ inFlight: 20 }), {
    look: 2,
    to: 3,
    reason: "10.00 calls under way per instance, above 8",
  });
  assert.equal(first({ inFlight: 16 }), undefined, "the limit itself is not above it");
});

Deno.test("ScalingController shrinks slowly, never below minAvailable", () => {
  assert.equal(first({ inFlight: 1 })?.look, 29);
  assert.equal(first({ inFlight: 1 })?.to, 1);
  assert.equal(first({ inFlight: 1, minAvailable: 2 }), undefined);
  assert.equal(first({ inFlight: 0, instances: 1 }), undefined);
});

Deno.test("ScalingController never grows beyond the limit, nor a slice that fails", () => {
  assert.equal(first({ inFlight: 100, instances: 4 }), undefined);
  assert.equal(first({ inFlight: 100, errorRate: 0.2 }), undefined);
});

Deno.test("ScalingController waits after it began, and while a slice changes", () => {
  assert.equal(first({ inFlight: 20 }, 0)?.look, 30);
  assert.equal(first({ inFlight: 20, isChanging: true }), undefined);
});

Deno.test("ScalingController leaves a slice alone for a while after a change", () => {
  const controller = new ScalingController(0);
  const busy = { ...idle, inFlight: 100 };
  const changes: number[] = [];
  for (let look = 0; look < 30; look++) {
    if (controller.decide(busy, rules, 40_000 + look * 1_000) !== undefined) changes.push(look);
  }
  assert.deepEqual(changes, [2, 12, 22]);
});

Deno.test("ScalingController sees a jump above the recent mean before the limit is reached", () => {
  const controller = new ScalingController(0);
  let nowMs = 40_000;
  const look = (inFlight: number) =>
    controller.decide({ ...idle, inFlight }, rules, nowMs += 1_000)?.reason;
  for (let count = 0; count < 30; count++) assert.equal(look(6), undefined);
  assert.deepEqual([look(14), look(14), look(14)], [
    undefined,
    undefined,
    "7.00 calls under way per instance, above 1.5 times their mean",
  ]);
});

Deno.test("ScalingController judges each slice by itself", () => {
  const controller = new ScalingController(0);
  const seen = new Set<string>();
  for (let look = 0; look < 10; look++) {
    for (const [artifactBase, inFlight] of [["a:busy", 100], ["a:idle", 6]] as const) {
      const load = { ...idle, artifactBase, inFlight };
      const decision = controller.decide(load, rules, 40_000 + look * 1_000);
      if (decision !== undefined) seen.add(decision.artifactBase);
    }
  }
  assert.deepEqual([...seen], ["a:busy"]);
});

Deno.test("ScalingController grows a slice that uses its cores, whatever its calls", () => {
  assert.deepEqual(first({ inFlight: 1, cores: 1.8 }), {
    look: 2,
    to: 3,
    reason: "90 % of a core per instance, above 80",
  });
  assert.equal(first({ inFlight: 1, cores: 1.6 }), undefined, "the limit itself is not above it");
  assert.equal(first({ inFlight: 1, cores: 1.8, errorRate: 0.2 }), undefined);
});

Deno.test("ScalingController judges CPU time over ten looks: it comes every few seconds", () => {
  const controller = new ScalingController(0);
  const seen: (number | undefined)[] = [];
  for (let look = 0; look < 60; look++) {
    // Half of a core each, reported every fifth second.
    const cores = look % 5 === 0 ? 5 : 0;
    const load = { ...idle, cores };
    const decision = controller.decide(load, rules, look * 1_000);
    if (look > 30) seen.push(decision?.to);
  }
  assert.deepEqual(new Set(seen), new Set([undefined]));
});

Deno.test("ScalingController grows when CPU time jumps above its recent mean", () => {
  const controller = new ScalingController(0);
  let decided: string | undefined;
  for (let look = 0; look < 60 && decided === undefined; look++) {
    const cores = look < 40 ? 0.5 : 1.4;
    decided = controller.decide({ ...idle, cores }, rules, look * 1_000)?.reason;
  }
  assert.match(decided ?? "", /^\d+ % of a core per instance, above 1\.5 times their mean$/);
});

Deno.test("ScalingController shrinks only when calls and CPU time are low", () => {
  assert.equal(first({ inFlight: 1, cores: 0.5 }), undefined);
  const down = first({ inFlight: 1, cores: 0.2 });
  assert.equal(down?.to, 1);
  assert.match(down?.reason ?? "", /below 2, and 10 % of a core per instance, below 20$/);
});

Deno.test("ScalingController does not swing: what it grew for does not let it shrink", () => {
  for (const cores of [0.1, 0.5, 0.9, 1.3, 1.7, 2.5, 3.3]) {
    const controller = new ScalingController(0);
    let instances = 2;
    const sizes: number[] = [];
    for (let look = 0; look < 600; look++) {
      const load = { ...idle, inFlight: 0, cores, instances };
      const decision = controller.decide(load, rules, look * 1_000);
      if (decision === undefined) continue;
      instances = decision.to;
      sizes.push(instances);
    }
    const turns = sizes.filter((size, index) =>
      index > 1 && Math.sign(size - (sizes[index - 1] ?? 0)) !==
        Math.sign((sizes[index - 1] ?? 0) - (sizes[index - 2] ?? 0))
    );
    assert.deepEqual(turns, [], `${cores} cores: ${sizes}`);
  }
});
