import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { addMember, MemoryStore, reportInstance } from "../control/store_fixture_test.ts";
import { NodeLives } from "./node_lives.ts";

function named(name: string) {
  return (error: unknown) => error instanceof AetherError && error.name === name;
}

Deno.test("NodeLives.change() takes a node through its whole life, and nothing else", async () => {
  const store = new MemoryStore();
  addMember(store, "n1");
  const lives = new NodeLives(store, () => true);
  const states: string[] = [];
  for (const what of ["drain", "activate", "drain", "shutDown"] as const) {
    const { state, revision } = await lives.change("n1", what);
    states.push(state);
    assert.equal(revision, store.state.revision);
  }
  assert.deepEqual(states, ["DRAINING", "ON_DUTY", "DRAINING", "SHUTTING_DOWN"]);
  await assert.rejects(lives.change("n1", "drain"), named("TRANSITION_ILLEGAL"));
  await assert.rejects(lives.change("n1", "activate"), named("TRANSITION_ILLEGAL"));
  await assert.rejects(lives.change("n2", "drain"), named("NODE_NOT_FOUND"));
});

Deno.test("NodeLives.list() shows who lives and how much is on each node", () => {
  const store = new MemoryStore();
  for (const node of ["n1", "n2"]) addMember(store, node);
  reportInstance(store, { artifact: "org.example:echo:1.0.0", node: "n2" });
  const lives = new NodeLives(store, (node) => node === "n1");
  assert.deepEqual(lives.list().map(({ id, alive, instances }) => [id, alive, instances]), [
    ["n1", true, 0],
    ["n2", false, 1],
  ]);
  assert.equal(lives.get("n2").state, "ON_DUTY");
  assert.throws(() => lives.get("n3"), named("NODE_NOT_FOUND"));
});
