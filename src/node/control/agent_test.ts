import assert from "node:assert/strict";
import type { OpenedSlice } from "../../artifact/package.ts";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import type { InheritedInstance } from "../../protocol/thread/threads.ts";
import { echo, one, opened, two, World } from "./agent_fixture_test.ts";
import { reportInstance, turn } from "./store_fixture_test.ts";
import { storedInstances } from "./views.ts";

Deno.test("Agent starts what is assigned to its node, and reports each step", async () => {
  const world = new World();
  const states: string[] = [];
  world.store.onChange(({ events }) => {
    for (const { key, entry } of events) {
      if (!key.startsWith(keys.instance.prefix) || entry === undefined) continue;
      states.push(keys.instance.decode(key, entry.value).state);
    }
  });
  await world.assign({ 1: 1 }, "n2");
  await world.assign({ 1: 1 });
  await world.agent.start();
  await turn();
  assert.deepEqual(world.told, [`startInstance ${one}`]);
  assert.deepEqual(states, ["DOWNLOADING", "LOADING", "STARTING"]);
  world.agent.onReady(one);
  await turn();
  assert.deepEqual(world.reported, ["1 ACTIVE 1 0"]);
  await world.assign({ 1: 1, 2: 1 });
  assert.deepEqual(world.told.slice(1), [`startInstance ${two}`]);
  world.close();
});

Deno.test("Agent removes the reports of a former life of its node", async () => {
  const world = new World();
  for (const node of ["n1", "n2"]) {
    reportInstance(world.store, { artifact: echo, node, number: 7 });
  }
  await world.agent.start();
  await turn();
  const nodes = storedInstances(world.store.state).map(({ value }) => value.node);
  assert.deepEqual(nodes, ["n2"]);
  world.close();
});

/** A new agent for a store in which a former one has left instances. */
async function successor(former: World, running: readonly InheritedInstance[]): Promise<World> {
  former.agent.stop();
  const world = new World(former.store);
  await world.agent.start(new Map(running.map((each) => [each.instance, each])));
  await turn();
  return world;
}

Deno.test("Agent keeps what runs when only control has a new life", async () => {
  const former = await new World().withActive();
  await former.assign({ 1: 1, 2: 1 });
  const [before] = storedInstances(former.store.state);
  const world = await successor(former, [
    { instance: one, artifact: echo, isReady: true },
    { instance: two, artifact: echo, isReady: true },
  ]);
  await world.agent.adopted();
  assert.deepEqual(world.told, []);
  assert.deepEqual(world.reported, ["1 ACTIVE 1 0", "2 ACTIVE 1 0"]);
  assert.deepEqual(storedInstances(world.store.state)[0], before, "what is known is not written");
  world.agent.onEnded(one, new AetherError("SLICE_FAILED", "Boom").toProblem());
  await turn();
  assert.deepEqual(world.reported, ["1 FAILED 1 1", "2 ACTIVE 1 0"]);
  world.close();
});

Deno.test("Agent waits for what was starting under a former control", async () => {
  const former = new World();
  await former.assign({ 1: 1 });
  await former.agent.start();
  await turn();
  const world = await successor(former, [{ instance: one, artifact: echo, isReady: false }]);
  assert.deepEqual(world.told, []);
  world.agent.onReady(one);
  await turn();
  assert.deepEqual(world.reported, ["1 ACTIVE 1 0"]);
  world.close();
});

Deno.test("Agent starts again what ended while there was no control", async () => {
  const former = await new World().withActive();
  const world = await successor(former, []);
  assert.deepEqual(world.told, [`startInstance ${one}`]);
  assert.deepEqual(world.reported, ["1 STARTING 1 0"]);
  world.close();
});

Deno.test("Agent unloads what runs and is assigned elsewhere by now", async () => {
  const former = await new World().withActive();
  former.agent.stop();
  await former.assign({});
  const world = await successor(former, [{ instance: one, artifact: echo, isReady: true }]);
  assert.deepEqual(world.told, [`drain ${one}`]);
  assert.deepEqual(world.reported, ["1 UNLOADING 1 0"]);
  world.agent.onDrained(one);
  assert.deepEqual(world.told.at(-1), `stopInstance ${one}`);
  world.agent.onEnded(one, undefined);
  await turn();
  assert.deepEqual(world.reported, []);
  world.close();
});

Deno.test("Agent takes an instance out of the routes, drains it, and stops it", async () => {
  const world = await new World().withActive();
  world.store.isHeld = true;
  await world.assign({});
  assert.deepEqual(world.told, [], "it drains when the routes are without it");
  world.store.isHeld = false;
  world.store.decide();
  await turn();
  assert.deepEqual(world.told, [`drain ${one}`]);
  assert.deepEqual(world.reported, ["1 UNLOADING 1 0"]);
  world.agent.onDrained(one);
  assert.deepEqual(world.told, [`drain ${one}`, `stopInstance ${one}`]);
  world.agent.onEnded(one, undefined);
  await turn();
  assert.deepEqual(world.reported, []);
  world.close();
});

Deno.test("Agent stops an instance that does not drain within a minute", async () => {
  const world = await new World().withActive();
  await world.assign({});
  world.clock.advance(59_999);
  assert.deepEqual(world.told, [`drain ${one}`]);
  world.clock.advance(1);
  assert.deepEqual(world.told.at(-1), `stopInstance ${one}`);
  assert.match(world.logs.join(), /warn An instance did not drain in time/);
  world.close();
});

Deno.test("Agent drains again when the gateway has restarted", async () => {
  const world = await new World().withActive();
  world.agent.onGatewayRestart();
  assert.deepEqual(world.told, [], "nothing is draining");
  await world.assign({});
  world.agent.onGatewayRestart();
  assert.deepEqual(world.told, [`drain ${one}`, `drain ${one}`]);
  world.close();
});

Deno.test("Agent starts a number again that is assigned anew while it unloads", async () => {
  const world = await new World().withActive();
  await world.assign({});
  await world.assign({ 1: 1 });
  assert.deepEqual(world.told, [`drain ${one}`]);
  world.agent.onDrained(one);
  world.agent.onEnded(one, undefined);
  await turn();
  assert.deepEqual(world.told.slice(-1), [`startInstance ${one}`]);
  assert.deepEqual(world.reported, ["1 STARTING 1 0"]);
  world.close();
});

Deno.test("Agent reports a failure with its reason, and waits for a higher attempt", async () => {
  const world = await new World().withActive();
  await world.fail(new AetherError("SLICE_FAILED", "Boom"));
  assert.deepEqual(world.reported, ["1 FAILED 1 1"]);
  const [stored] = storedInstances(world.store.state);
  assert.deepEqual([stored?.value.reason, stored?.value.fatal], ["Boom", undefined]);
  assert.match(world.logs.join(), /error An instance failed .*"error":"Boom"/);
  await world.assign({ 1: 1, 2: 1 });
  assert.deepEqual(world.reported, ["1 FAILED 1 1", "2 STARTING 1 0"]);
  await world.assign({ 1: 2, 2: 1 });
  assert.deepEqual(world.reported, ["1 STARTING 2 1", "2 STARTING 1 0"]);
  world.close();
});

Deno.test("Agent counts failures in a row, until an instance has run for a minute", async () => {
  const world = await new World().withActive();
  const again = async (attempt: number, ranMs: number) => {
    await world.fail(new AetherError("SLICE_FAILED", "Boom"));
    await world.assign({ 1: attempt });
    world.agent.onReady(one);
    world.clock.advance(ranMs);
    await turn();
  };
  await again(2, 59_999);
  assert.deepEqual(world.reported, ["1 ACTIVE 2 1"]);
  await again(3, 60_000);
  assert.deepEqual(world.reported, ["1 ACTIVE 3 2"]);
  await again(4, 0);
  assert.deepEqual(world.reported, ["1 ACTIVE 4 1"]);
  world.close();
});

Deno.test("Agent tells failures that a new start can only repeat", async () => {
  const cases: [AetherError, boolean][] = [
    [new AetherError("ARTIFACT_INVALID", "Damaged"), true],
    [new AetherError("ENVELOPE_UNSUPPORTED", "Too new"), true],
    [new AetherError("ARTIFACT_NOT_FOUND", "Not here"), false],
    [new AetherError("UNREACHABLE", "No holder"), false],
  ];
  for (const [error, fatal] of cases) {
    const world = new World();
    world.open = () => Promise.reject(error);
    await world.assign({ 1: 1 });
    await world.agent.start();
    await turn();
    const [stored] = storedInstances(world.store.state);
    assert.equal(stored?.value.state, "FAILED");
    assert.deepEqual([stored?.value.reason, stored?.value.fatal === true], [error.message, fatal]);
    assert.deepEqual(world.told, []);
    world.close();
  }
});

Deno.test("Agent starts nothing that asks for more than the operator allows", async () => {
  const world = new World();
  world.refusal = new AetherError("PERMISSION_REFUSED", "Too much");
  await world.assign({ 1: 1 });
  await world.agent.start();
  await turn();
  assert.deepEqual(world.told, []);
  const [stored] = storedInstances(world.store.state);
  assert.deepEqual([stored?.value.reason, stored?.value.fatal], ["Too much", true]);
  world.close();
});

Deno.test("Agent does not start what is withdrawn while it is downloaded", async () => {
  const world = new World();
  const download = Promise.withResolvers<OpenedSlice>();
  world.open = () => download.promise;
  await world.assign({ 1: 1 });
  await world.agent.start();
  await world.assign({});
  assert.deepEqual(world.reported, ["1 DOWNLOADING 1 0"]);
  download.resolve(opened());
  await turn();
  assert.deepEqual([world.reported, world.told], [[], []]);
  world.close();
});

Deno.test("Agent removes a failed instance, and one that fails to download, once withdrawn", async () => {
  const failed = await new World().withActive();
  await failed.fail(new AetherError("SLICE_FAILED", "Boom"));
  await failed.assign({});
  assert.deepEqual(failed.reported, []);
  failed.close();
  const world = new World();
  const download = Promise.withResolvers<OpenedSlice>();
  world.open = () => download.promise;
  await world.assign({ 1: 1 });
  await world.agent.start();
  await world.assign({});
  download.reject(new AetherError("UNREACHABLE", "No holder"));
  await turn();
  assert.deepEqual(world.reported, []);
  world.close();
});

Deno.test("Agent unloads what is withdrawn while it starts", async () => {
  const world = new World();
  await world.assign({ 1: 1 });
  await world.agent.start();
  await world.assign({});
  world.agent.onReady(one);
  await turn();
  assert.deepEqual(world.reported, ["1 UNLOADING 1 0"]);
  world.agent.onDrained(one);
  world.agent.onEnded(one, new AetherError("SLICE_FAILED", "Boom").toProblem());
  await turn();
  assert.deepEqual(world.reported, []);
  world.close();
});

Deno.test("Agent ignores news of instances that it does not know", async () => {
  const world = new World();
  await world.agent.start();
  world.agent.onReady(one);
  world.agent.onDrained(one);
  world.agent.onEnded(one, undefined);
  await turn();
  assert.deepEqual([world.reported, world.told], [[], []]);
  world.close();
});

Deno.test("Agent follows and reports nothing once its node stops", async () => {
  const world = new World();
  const download = Promise.withResolvers<OpenedSlice>();
  world.open = () => download.promise;
  await world.assign({ 1: 1 });
  await world.agent.start();
  await turn();
  world.agent.stop();
  world.store.refusal = new AetherError("NODE_STOPPING", "The node is stopping");
  download.resolve(opened());
  await world.assign({ 1: 1, 2: 1 });
  world.agent.onEnded(two, undefined);
  assert.deepEqual(world.told, []);
  assert.deepEqual([world.reported, world.logs], [["1 DOWNLOADING 1 0"], []]);
  world.close();
});

Deno.test("Agent reports again what could not be written, but nothing that is outdated", async () => {
  const world = new World();
  await world.assign({ 1: 1, 2: 1 });
  await world.agent.start();
  await turn();
  world.store.refusal = new AetherError("NOT_PROPOSED", "No majority");
  world.agent.onReady(one);
  world.agent.onReady(two);
  await turn();
  assert.match(world.logs.join(), /could not be reported .*"error":"No majority"/);
  world.clock.advance(1_000);
  await turn();
  assert.deepEqual(world.reported, ["1 STARTING 1 0", "2 STARTING 1 0"]);
  world.store.refusal = undefined;
  await world.fail(new AetherError("SLICE_FAILED", "Boom"));
  assert.deepEqual(world.reported, ["1 FAILED 1 1", "2 STARTING 1 0"]);
  world.clock.advance(1_000);
  await turn();
  assert.deepEqual(world.reported, ["1 FAILED 1 1", "2 ACTIVE 1 0"]);
  world.close();
});

Deno.test("Agent replaces an instance that uses too much once it has run well for a while", async () => {
  const world = await new World().withActive();
  world.agent.retire(one, "Too much heap");
  await turn();
  assert.deepEqual(world.reported, ["1 ACTIVE 1 0"]);
  world.clock.advance(60_000);
  world.agent.retire(one, "Too much heap");
  world.agent.retire(one, "Too much heap");
  await turn();
  assert.deepEqual([world.reported, world.told], [["1 UNLOADING 1 0"], [`drain ${one}`]]);
  assert.match(world.logs.join(), /uses too much and is replaced .*Too much heap/);
  world.agent.onDrained(one);
  world.agent.onEnded(one, undefined, "stopped");
  await turn();
  // Still assigned, so it starts afresh.
  assert.deepEqual(world.reported, ["1 STARTING 1 0"]);
  world.close();
});

Deno.test("Agent keeps how an instance ended", async () => {
  const world = await new World().withActive();
  world.agent.onEnded(one, new AetherError("SLICE_FAILED", "Boom").toProblem(), "hung");
  await turn();
  const [found] = storedInstances(world.store.state);
  assert.deepEqual([found?.value.exit, found?.value.reason], ["hung", "Boom"]);
  world.close();
});

Deno.test("Agent drains an instance only when every gateway routes without it", async () => {
  const world = await new World().withActive();
  const barrier = Promise.withResolvers<void>();
  world.routed = barrier.promise;
  await world.assign({});
  assert.deepEqual([world.reported, world.told], [["1 UNLOADING 1 0"], []]);
  barrier.resolve();
  await turn();
  assert.deepEqual(world.told, [`drain ${one}`]);
  world.close();
});
