import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import type { InstanceState } from "../../protocol/instance_state.ts";
import { defaultDeadlines } from "../../deployment/states.ts";
import { keys } from "../../protocol/keys.ts";
import { Leader, type LeaderTask } from "./leader.ts";
import { recordOperations, revisionsOf } from "../deploy/revisions.ts";
import {
  addMember,
  applyBlueprint,
  elect,
  MemoryStore,
  recordingLogger,
  reportInstance,
  turn,
} from "./store_fixture_test.ts";
import { assignments, instanceId } from "./views.ts";

const shop = "org.example:shop:1.0.0";
const echo = "org.example:echo:1.0.0";
const audit = "org.example:audit:1.0.0";

/** A leader of a cluster with these nodes. */
class World {
  readonly store = new MemoryStore();
  readonly clock = new ManualClock();
  readonly dead = new Set<string>();
  readonly leader: Leader;
  readonly logs: readonly string[];
  /** What else the leader does. */
  readonly tasks: LeaderTask[] = [];
  term: number | undefined;

  constructor(...nodes: readonly string[]) {
    for (const node of nodes) addMember(this.store, node);
    this.term = elect(this.store, "n1");
    const { log, lines } = recordingLogger();
    this.logs = lines;
    this.leader = new Leader({
      store: this.store,
      clock: this.clock,
      log,
      tasks: this.tasks,
      leadership: () => this.term === undefined ? undefined : { node: "n1", term: this.term },
      isAlive: (node) => !this.dead.has(node),
      instancesPerNode: 4,
      deadlines: () => defaultDeadlines,
    });
  }

  /** Lets time pass and everything happen that is due then. */
  async pass(durationMs = 0): Promise<void> {
    this.clock.advance(durationMs);
    await turn();
  }

  /** Assigned instances, as `id@attempt`. */
  get assigned(): string[] {
    return assignments(this.store.state).flatMap(({ value }) =>
      value.instances.map(({ number, attempt }) =>
        `${instanceId(value.node, value.artifact, number)}@${attempt}`
      )
    );
  }

  /** A node reports an instance. */
  report(node: string, state: InstanceState, changes: { attempt?: number; fatal?: true } = {}) {
    reportInstance(this.store, {
      artifact: echo,
      node,
      state,
      attempt: changes.attempt ?? 1,
      failures: state === "FAILED" ? 1 : 0,
      ...(changes.fatal === undefined ? {} : { fatal: changes.fatal }),
    });
  }
}

Deno.test("Leader assigns what a blueprint wants, and takes away what none wants", async () => {
  const world = new World("n1", "n2");
  await world.pass();
  assert.deepEqual(world.assigned, []);
  applyBlueprint(world.store, shop, { artifact: echo, instances: 3 });
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`, `n1/${echo}/2@1`, `n2/${echo}/1@1`]);
  world.store.write(
    "operator",
    { type: "delete", key: keys.blueprint.key(shop) },
    { type: "delete", key: keys.target.key("org.example:echo") },
  );
  await world.pass();
  assert.deepEqual(world.assigned, []);
  world.leader.stop();
});

Deno.test("Leader starts a slice when its dependency is active", async () => {
  const world = new World("n1");
  applyBlueprint(world.store, shop, { artifact: echo }, { artifact: audit, dependencies: [echo] });
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`]);
  assert.deepEqual(world.leader.decision?.trace.map(({ waitingFor }) => waitingFor), [[], [echo]]);
  world.report("n1", "ACTIVE");
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${audit}/1@1`, `n1/${echo}/1@1`]);
  world.leader.stop();
});

Deno.test("Leader tries a failed instance again after its back-off", async () => {
  const world = new World("n1");
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass();
  world.report("n1", "FAILED");
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`]);
  await world.pass(999);
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`]);
  await world.pass(1);
  assert.deepEqual(world.assigned, [`n1/${echo}/1@2`]);
  world.leader.stop();
});

Deno.test("Leader leaves an instance alone that can only fail again", async () => {
  const world = new World("n1");
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass();
  world.report("n1", "FAILED", { fatal: true });
  await world.pass(600_000);
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`]);
  world.leader.stop();
});

Deno.test("Leader looks again after a change that comes while it decides", async () => {
  const world = new World("n1");
  applyBlueprint(world.store, shop, { artifact: echo });
  world.store.isHeld = true;
  await world.pass();
  assert.equal(world.store.waiting, 1, "the assignment waits for its decision");
  applyBlueprint(world.store, shop, { artifact: echo }, { artifact: audit });
  world.store.isHeld = false;
  world.store.decide();
  await turn();
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${audit}/1@1`, `n1/${echo}/1@1`]);
  world.leader.stop();
});

Deno.test("Leader moves the instances of a node that is gone, and removes its reports", async () => {
  const world = new World("n1", "n2");
  applyBlueprint(world.store, shop, { artifact: echo, instances: 2 });
  await world.pass();
  world.report("n1", "ACTIVE");
  world.report("n2", "ACTIVE");
  await world.pass();
  world.dead.add("n2");
  world.leader.wake();
  await world.pass();
  await world.pass();
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`, `n1/${echo}/2@1`]);
  assert.deepEqual(world.store.state.list(keys.instance.prefix), [
    keys.instance.key("n1", echo, 1),
  ]);
  world.leader.stop();
});

Deno.test("Leader does nothing while another node leads", async () => {
  const world = new World("n1");
  const { term } = world;
  world.term = undefined;
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass(60_000);
  assert.deepEqual([world.assigned, world.leader.decision], [[], undefined]);
  world.term = term;
  world.leader.wake();
  await world.pass();
  assert.equal(world.assigned.length, 1);
  world.leader.stop();
});

Deno.test("Leader writes nothing once its term is over", async () => {
  const world = new World("n1");
  elect(world.store, "n2");
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass();
  assert.deepEqual(world.assigned, []);
  world.leader.stop();
});

Deno.test("Leader says why it cannot assign, and tries again a second later", async () => {
  const world = new World("n1");
  world.store.refusal = new AetherError("NOT_PROPOSED", "No majority");
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass();
  assert.deepEqual(world.logs, ['error Instances could not be assigned {"error":"No majority"}']);
  world.store.refusal = undefined;
  await world.pass(999);
  assert.deepEqual(world.assigned, []);
  await world.pass(1);
  assert.equal(world.assigned.length, 1);
  world.leader.stop();
});

Deno.test("Leader does what is due though other duties fail, and says so once", async () => {
  const world = new World("n1");
  const other = "org.example:other:1.0.0";
  for (const [id, artifact] of [[shop, echo], [other, audit]] as const) {
    applyBlueprint(world.store, id, { artifact });
    const { state } = world.store;
    const blueprint = keys.blueprint.decode(id, state.get(keys.blueprint.key(id))!.value);
    world.store.write(
      "operator",
      ...recordOperations(state, { blueprint, appliedAtMs: 0 }).operations,
    );
  }
  let isFull = true;
  const propose = world.store.propose.bind(world.store);
  const refused = keys.revision.key("org.example:other", "");
  world.store.propose = (writer, transaction) =>
    isFull && transaction.then.some((each) => "key" in each && each.key.startsWith(refused))
      ? Promise.reject(new AetherError("STORE_FULL", "The store is full"))
      : propose(writer, transaction);
  let steps = 0;
  const reset = () => {};
  world.tasks.push(
    {
      name: "rollouts",
      step: () => Promise.reject(new AetherError("STORE_FULL", "The store is full")),
      reset,
    },
    { name: "scaling", step: () => Promise.resolve(void steps++), reset },
  );
  const settled = () =>
    ["org.example:other", "org.example:shop"].map((base) =>
      revisionsOf(world.store.state, base)[0]?.value.state
    );
  await world.pass();
  for (const artifact of [echo, audit]) reportInstance(world.store, { artifact, node: "n1" });
  await world.pass();
  await world.pass(1_000);
  assert.deepEqual(settled(), ["DEPLOYING", "DEPLOYED"]);
  assert.ok(steps >= 2, `${steps} steps of the task after the one that fails`);
  assert.deepEqual(world.logs.filter((line) => line.startsWith("error")), [
    'error The leader could not look after rollouts {"error":"The store is full"}',
    `error It could not be written that ${other} is deployed {"error":"The store is full"}`,
  ]);
  isFull = false;
  await world.pass(1_000);
  assert.deepEqual(settled(), ["DEPLOYED", "DEPLOYED"], "it tries again a second later");
  world.leader.stop();
});

Deno.test("Leader looks every 30 s, even when it hears of nothing", async () => {
  const world = new World("n1");
  await world.pass();
  assert.equal(world.clock.nextTimerMs, 30_000);
  world.leader.stop();
});

Deno.test("Leader decides nothing after its stop", async () => {
  const world = new World("n1");
  world.store.isHeld = true;
  applyBlueprint(world.store, shop, { artifact: echo });
  await world.pass();
  world.leader.stop();
  world.store.decide();
  world.store.isHeld = false;
  applyBlueprint(world.store, shop, { artifact: echo }, { artifact: audit });
  world.leader.wake();
  await world.pass(60_000);
  assert.deepEqual(world.assigned, [`n1/${echo}/1@1`]);
  assert.equal(world.clock.pendingTimers, 0);
});
