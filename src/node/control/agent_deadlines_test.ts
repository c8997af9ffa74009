import assert from "node:assert/strict";
import type { OpenedSlice } from "../../artifact/package.ts";
import { one, opened, World } from "./agent_fixture_test.ts";
import { turn } from "./store_fixture_test.ts";
import { storedInstances } from "./views.ts";

Deno.test("Agent fails what is not downloaded in time, and ends what does not start", async () => {
  const world = new World();
  const download = Promise.withResolvers<OpenedSlice>();
  world.open = () => download.promise;
  await world.assign({ 1: 1 });
  await world.agent.start();
  world.clock.advance(120_000);
  await turn();
  const [stored] = storedInstances(world.store.state);
  const reason = "DOWNLOADING took longer than 2m";
  assert.deepEqual([stored?.value.state, stored?.value.reason], ["FAILED", reason]);
  download.resolve(opened());
  await turn();
  assert.deepEqual(world.told, [], "it is too late");
  await world.assign({ 1: 2 });
  world.clock.advance(60_000);
  assert.deepEqual(world.told.at(-1), `stopInstance ${one}`);
  assert.deepEqual(world.reported, ["1 STARTING 2 1"]);
  world.agent.onEnded(one, undefined);
  await turn();
  const [late] = storedInstances(world.store.state);
  assert.equal(late?.value.reason, "STARTING took longer than 1m");
  world.close();
});

Deno.test("Agent keeps what is assigned anew when a former download ends late", async () => {
  const world = new World();
  const late = Promise.withResolvers<OpenedSlice>();
  const current = Promise.withResolvers<OpenedSlice>();
  const downloads = [late, current];
  world.open = () => downloads.shift()!.promise;
  await world.assign({ 1: 1 });
  await world.agent.start();
  await world.assign({});
  // It is given up, as it is not downloaded in time, and so its number is free again.
  world.clock.advance(120_000);
  await turn();
  assert.deepEqual(world.reported, []);
  await world.assign({ 1: 1 });
  assert.deepEqual(world.reported, ["1 DOWNLOADING 1 0"]);
  late.resolve(opened());
  await turn();
  assert.deepEqual([world.reported, downloads], [["1 DOWNLOADING 1 0"], []]);
  current.resolve(opened());
  await turn();
  assert.deepEqual(world.told, [`startInstance ${one}`]);
  world.agent.onReady(one);
  await turn();
  assert.deepEqual(world.reported, ["1 ACTIVE 1 0"]);
  world.close();
});
