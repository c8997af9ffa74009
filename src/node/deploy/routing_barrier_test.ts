import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { AskHandler } from "../cluster/asks.ts";
import { turn } from "../control/store_fixture_test.ts";
import { RoutingBarrier } from "./routing_barrier.ts";

/** Nodes whose questions reach each other, unless they are cut off. */
class World {
  readonly clock = new ManualClock();
  readonly handlers = new Map<string, AskHandler>();
  readonly living = new Set<string>();
  readonly cut = new Set<string>();

  add(node: string): RoutingBarrier {
    this.living.add(node);
    return new RoutingBarrier({
      clock: this.clock,
      peers: () => [...this.living].filter((other) => other !== node),
      asks: {
        handle: (_topic, handler) => void this.handlers.set(node, handler),
        ask: (to, _topic, body) =>
          this.cut.has(to)
            ? Promise.reject(new AetherError("UNREACHABLE", "No link"))
            : this.handlers.get(to)?.(body, node) ?? Promise.reject(new Error("Nobody")),
      },
    });
  }
}

async function isDone(waiting: Promise<void>): Promise<boolean> {
  let done = false;
  waiting.then(() => done = true);
  await turn();
  return done;
}

Deno.test("RoutingBarrier.wait() ends when every gateway has the revision", async () => {
  const world = new World();
  const [one, two, three] = [world.add("n1"), world.add("n2"), world.add("n3")];
  two.onApplied(7);
  const waiting = one.wait(7);
  one.onApplied(9);
  assert.equal(await isDone(waiting), false);
  three.onApplied(6);
  assert.equal(await isDone(waiting), false);
  three.onApplied(7);
  assert.equal(await isDone(waiting), true);
  assert.equal(one.applied, 9);
  assert.equal(world.clock.pendingTimers, 0);
});

Deno.test("RoutingBarrier.wait() does not wait for a node that is gone", async () => {
  const world = new World();
  const one = world.add("n1");
  world.add("n2");
  world.cut.add("n2");
  one.onApplied(3);
  const waiting = one.wait(3);
  assert.equal(await isDone(waiting), false);
  world.living.delete("n2");
  world.clock.advance(200);
  assert.equal(await isDone(waiting), true);
});

Deno.test("RoutingBarrier.wait() has patience for ten seconds", async () => {
  const world = new World();
  const one = world.add("n1");
  world.add("n2");
  const waiting = one.wait(3);
  assert.equal(await isDone(waiting), false);
  for (let passed = 0; passed <= 10_400; passed += 200) {
    world.clock.advance(200);
    await turn();
  }
  assert.equal(await isDone(waiting), true);
});
