import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { keys } from "../../protocol/keys.ts";
import { addMember, MemoryStore } from "../control/store_fixture_test.ts";
import { changeLifecycle, Registration } from "./registration.ts";

const addresses = { cluster: "a:1", gateway: "", storage: "", management: "", app: "" };

function lifeOf(store: MemoryStore, incarnation: number): Registration {
  const state = { state: store.state, propose: store.propose.bind(store), incarnation };
  return new Registration({ node: "n1", version: "1.0.0", store: state, isAlive: () => true });
}

function named(name: string) {
  return (error: unknown) => error instanceof AetherError && error.name === name;
}

Deno.test("Registration joins, comes on duty and shuts down, in each life again", async () => {
  const store = new MemoryStore();
  for (const incarnation of [1, 2]) {
    const life = lifeOf(store, incarnation);
    await life.join(addresses);
    assert.equal(life.state, "JOINING");
    await life.comeOnDuty();
    await life.comeOnDuty();
    assert.equal(life.state, "ON_DUTY");
    await life.shutDown();
    assert.equal(life.state, "SHUTTING_DOWN");
  }
  const entry = store.state.get(keys.member.key("n1"));
  const member = entry && keys.member.decode("", entry.value);
  assert.deepEqual([member?.addresses, member?.incarnation], [addresses, 2]);
});

Deno.test("Registration stays on duty when only control has a new life", async () => {
  const store = new MemoryStore();
  const life = lifeOf(store, 1);
  await life.join(addresses);
  const states: (string | undefined)[] = [];
  await lifeOf(store, 2).join(addresses, true);
  states.push(life.state);
  await life.comeOnDuty();
  await lifeOf(store, 3).join(addresses, true);
  states.push(life.state);
  await lifeOf(store, 4).join(addresses);
  states.push(life.state);
  assert.deepEqual(states, ["JOINING", "ON_DUTY", "JOINING"]);
});

Deno.test("Registration leaves a node that is being drained as it is", async () => {
  for (const to of ["DRAINING", "DECOMMISSIONED"] as const) {
    const store = new MemoryStore();
    const life = lifeOf(store, 1);
    await life.join(addresses);
    await life.comeOnDuty();
    await changeLifecycle(store, "n1", { from: ["ON_DUTY"], to: "DRAINING" });
    await changeLifecycle(store, "n1", { from: ["DRAINING"], to });
    const next = lifeOf(store, 2);
    await next.join(addresses);
    await next.comeOnDuty();
    assert.equal(next.state, to);
  }
});

Deno.test("changeLifecycle() refuses other states, unknown nodes, and a lost race", async () => {
  const store = new MemoryStore();
  const drain = { from: ["ON_DUTY"], to: "DRAINING" } as const;
  await assert.rejects(changeLifecycle(store, "n1", drain), named("NODE_NOT_FOUND"));
  const life = lifeOf(store, 1);
  await life.join(addresses);
  await assert.rejects(changeLifecycle(store, "n1", drain), (error: AetherError) => {
    assert.equal(
      error.message,
      "Node n1 is JOINING and cannot become DRAINING: that needs ON_DUTY",
    );
    return named("TRANSITION_ILLEGAL")(error);
  });
  await life.comeOnDuty();
  const revision = await changeLifecycle(store, "n1", drain);
  assert.equal(await changeLifecycle(store, "n1", drain), revision, "it is DRAINING already");
  store.isHeld = true;
  const cancel = changeLifecycle(store, "n1", { from: ["DRAINING"], to: "ON_DUTY" });
  const end = changeLifecycle(store, "n1", { from: ["DRAINING"], to: "DECOMMISSIONED" });
  store.decide();
  await cancel;
  await assert.rejects(end, named("REVISION_CONFLICT"));
});

Deno.test("Registration.others() are the living members, and those on duty may take over", async () => {
  const store = new MemoryStore();
  const dead = new Set<string>();
  const life = new Registration({
    node: "n1",
    version: "1.0.0",
    store: { state: store.state, propose: store.propose.bind(store), incarnation: 1 },
    isAlive: (node) => !dead.has(node),
  });
  await life.join(addresses);
  assert.deepEqual([life.others(), life.hasSuccessor], [[], false]);
  addMember(store, "n2");
  assert.deepEqual(life.others().map(({ id }) => id), ["n2"]);
  assert.equal(life.hasSuccessor, true);
  await changeLifecycle(store, "n2", { from: ["ON_DUTY"], to: "DRAINING" });
  assert.equal(life.hasSuccessor, false);
  dead.add("n2");
  assert.deepEqual(life.others(), []);
});
