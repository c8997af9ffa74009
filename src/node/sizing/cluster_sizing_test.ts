import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { keys, sizingKey } from "../../protocol/keys.ts";
import {
  addMember,
  elect,
  MemoryStore,
  recordingLogger,
  turn,
} from "../control/store_fixture_test.ts";
import { storedValue } from "../control/views.ts";
import { ClusterSizing } from "./cluster_sizing.ts";
import type { NodeOrder, NodeProvider } from "./node_provider.ts";

/** A cluster whose nodes come when they are started, unless they are broken. */
class SizedCluster implements NodeProvider {
  readonly store = Object.assign(new MemoryStore(), { voters: ["n1", "n2", "n3"] });
  readonly clock = new ManualClock();
  readonly dead = new Set<string>();
  readonly orders: NodeOrder[] = [];
  readonly calls: string[] = [];
  readonly lines: string[];
  readonly sizing: ClusterSizing;
  size = 3;
  isBroken = false;
  #term: number;
  #leader = "n1";

  constructor() {
    for (const node of this.store.voters) addMember(this.store, node);
    this.#term = elect(this.store, "n1");
    const { log, lines } = recordingLogger();
    this.lines = lines;
    const isLeader = () => this.#leader === "n1";
    this.sizing = new ClusterSizing({
      cluster: {
        get isLeader() {
          return isLeader();
        },
        leader: { node: "n1", term: this.#term },
        isAlive: (node) => !this.dead.has(node),
        store: this.store,
        members: { admissionOf: () => "added" } as never,
      },
      changes: {
        add: (node) => this.#call(`add ${node}`),
        promote: ({ nodes, insteadOf = [] }) => {
          this.store.voters = this.store.voters.filter((each) => !insteadOf.includes(each))
            .concat(nodes);
          return this.#call(`promote ${nodes} instead of ${insteadOf}`);
        },
        remove: (node) => {
          this.store.write("node", { type: "delete", key: keys.member.key(node) });
          return this.#call(`remove ${node}`);
        },
      },
      provider: this,
      clock: this.clock,
      log,
      token: (node) => Promise.resolve(`token of ${node}`),
      config: () => ({ size: this.size, healTimeoutMs: 5_000 }),
    });
  }

  place(node: string): Promise<string> {
    return Promise.resolve(`host:${node}`);
  }

  async start(order: NodeOrder): Promise<void> {
    this.orders.push(order);
    if (this.isBroken) throw new Error("No more machines");
    addMember(this.store, order.node);
    await this.#call(`start ${order.node}`);
  }

  stop(node: string): Promise<void> {
    return this.#call(`stop ${node}`);
  }

  async pass(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      this.clock.advance(500);
      await turn();
    }
  }

  /** Somebody else leads, in the store too. */
  depose(): void {
    this.#term = elect(this.store, "n2");
  }

  get stored() {
    return storedValue(this.store.state, keys.sizing, sizingKey)?.value;
  }

  #call(what: string): Promise<void> {
    this.calls.push(what);
    return Promise.resolve();
  }
}

Deno.test("ClusterSizing replaces a node after the grace period, not before", async () => {
  const cluster = new SizedCluster();
  cluster.dead.add("n3");
  await cluster.pass(4_000);
  assert.deepEqual(cluster.calls, []);
  await cluster.pass(8_000);
  assert.deepEqual(cluster.calls, [
    "add auto-1",
    "start auto-1",
    "promote auto-1 instead of n3",
    "remove n3",
    "stop n3",
  ]);
  assert.equal(cluster.orders[0]?.token, "token of auto-1");
  assert.ok(cluster.orders[0]?.peers.every((peer) => !peer.startsWith("n3:")));
  assert.equal(cluster.stored?.order, undefined);
  cluster.sizing.stop();
});

Deno.test("ClusterSizing leaves a node alone that people have drained", async () => {
  const cluster = new SizedCluster();
  const key = keys.member.key("n3");
  const value = storedValue(cluster.store.state, keys.member, key)?.value;
  assert.ok(value);
  cluster.store.write("node", keys.member.put(key, { ...value, state: "DRAINING" }));
  cluster.dead.add("n3");
  await cluster.pass(20_000);
  assert.deepEqual(cluster.calls, []);
  cluster.sizing.stop();
});

Deno.test("ClusterSizing does nothing when it is off, or when somebody else leads by now", async () => {
  const cluster = new SizedCluster();
  cluster.size = 0;
  cluster.dead.add("n3");
  await cluster.pass(10_000);
  cluster.size = 3;
  // This node does not know it yet: the store does.
  cluster.depose();
  await cluster.pass(20_000);
  assert.deepEqual(cluster.calls, []);
  assert.equal(cluster.stored, undefined);
  cluster.sizing.stop();
});

Deno.test("ClusterSizing puts out what could not be started, and says why", async () => {
  const cluster = new SizedCluster();
  cluster.isBroken = true;
  cluster.dead.add("n3");
  while (cluster.stored?.failures !== 1) await cluster.pass(500);
  assert.ok(cluster.lines.some((line) => line.includes("No more machines")), cluster.lines.join());
  assert.ok(cluster.calls.includes("remove auto-1"));
  cluster.isBroken = false;
  await cluster.pass(20_000);
  assert.ok(cluster.calls.includes("promote auto-2 instead of n3"));
  assert.equal(cluster.stored?.failures, 0);
  cluster.sizing.stop();
});
