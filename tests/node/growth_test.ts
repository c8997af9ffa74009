/**
 * A cluster that grows and shrinks while it is written to, over the memory network.
 *
 * @module
 */
import assert from "node:assert/strict";
import { TestCluster, type TestNode } from "../../src/node/cluster/cluster_fixture_test.ts";
import { MemberChanges } from "../../src/node/cluster/members/member_changes.ts";
import { checkLinearizable } from "../linearizability/checker.ts";
import { register, type RegisterOperation } from "../linearizability/register.ts";

const keysCount = 5;

/** Clients that write and read without a pause, each at any node, and note what they saw. */
class Load {
  readonly operations: RegisterOperation[] = [];
  readonly #cluster: TestCluster;
  #nodes: readonly TestNode[] = [];
  #time = 0;
  #values = 0;
  #isStopped = false;
  readonly #running: Promise<void>[] = [];
  acknowledged = 0;

  constructor(cluster: TestCluster) {
    this.#cluster = cluster;
  }

  /** The nodes to talk to from now on. */
  use(...nodes: readonly TestNode[]): void {
    this.#nodes = nodes;
  }

  start(clients: number): void {
    for (let client = 0; client < clients; client++) this.#running.push(this.#run(client));
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#cluster.settled(Promise.all(this.#running));
  }

  async #run(client: number): Promise<void> {
    for (let turn = client; !this.#isStopped; turn++) {
      const node = this.#nodes[turn % this.#nodes.length];
      if (node?.cluster === undefined) {
        await new Promise<void>((resolve) => void this.#cluster.clock.setTimer(1, resolve));
        continue;
      }
      const key = `k${turn % keysCount}`;
      await (turn % 3 === 0 ? this.#read(node, key) : this.#write(node, key));
    }
  }

  async #write(node: TestNode, key: string): Promise<void> {
    const value = `v${this.#values++}`;
    const calledAt = this.#time++;
    const outcome = await node.put(key, value).then(() => "written" as const, (error) => error);
    // Of what was certainly not proposed nothing will ever happen.
    if (outcome !== "written" && outcome.name === "NOT_PROPOSED") return;
    const isKnown = outcome === "written";
    if (isKnown) this.acknowledged++;
    this.operations.push({
      key,
      call: { type: "write", value },
      result: isKnown ? { type: "written" } : undefined,
      calledAt,
      returnedAt: isKnown ? this.#time++ : Infinity,
    });
  }

  async #read(node: TestNode, key: string): Promise<void> {
    const calledAt = this.#time++;
    try {
      const value = await node.get(key);
      const returnedAt = this.#time++;
      const result = { type: "read" as const, value };
      this.operations.push({ key, call: { type: "read" }, result, calledAt, returnedAt });
    } catch {
      // A read without an answer says nothing.
    }
  }
}

Deno.test("a cluster grows 1, 3, 5 and shrinks to 3 while it is written to", async () => {
  const t = new TestCluster({ nodes: ["n1"], isDurable: true, snapshotEveryBytes: "64KiB" });
  const changesOf = (node: TestNode) => new MemberChanges(node.id, node.member, t.clock);
  const join = async (by: TestNode, id: string) => {
    await t.settled(changesOf(by).add(id, `${id}:1`));
    const node = t.start(id, { peers: [by.id, id] });
    await t.until(`${id} follows`, () => node.cluster && node.member.hasQuorum);
    await t.settled(node.register());
    await t.until(`${id} has caught up`, () => changesOf(by).isCaughtUp(id));
    return node;
  };
  try {
    const [n1] = await t.form();
    assert.ok(n1);
    const load = new Load(t);
    load.use(n1);
    load.start(4);
    await t.pass(50);
    const n2 = await join(n1, "n2");
    const n3 = await join(n1, "n3");
    load.use(n1, n2, n3);
    await t.settled(changesOf(n2).promote({ nodes: ["n2", "n3"] }));
    await t.pass(50);
    const n4 = await join(n2, "n4");
    const n5 = await join(n3, "n5");
    load.use(n1, n2, n3, n4, n5);
    await t.settled(changesOf(n4).promote({ nodes: ["n4", "n5"] }));
    assert.equal(n1.member.store.voters.length, 5);
    await t.pass(50);
    // Two of five die at once, and nothing is lost.
    load.use(n2, n3, n4);
    await t.kill("n5", "power");
    await t.kill("n1", "power");
    await t.pass(2_500);
    await t.settled(changesOf(n3).remove("n1"));
    await t.settled(changesOf(n3).remove("n5"));
    assert.deepEqual(n4.member.store.voters, ["n2", "n3", "n4"]);
    await t.pass(50);
    await t.kill("n2");
    load.use(n3, n4);
    await t.pass(50);
    await load.stop();
    for (let key = 0; key < keysCount; key++) {
      const values = await Promise.all([n3, n4].map((node) => t.settled(node.get(`k${key}`))));
      assert.equal(values[0], values[1]);
      load.operations.push({
        key: `k${key}`,
        call: { type: "read" },
        result: { type: "read", value: values[0] },
        calledAt: 1e9 + key * 2,
        returnedAt: 1e9 + key * 2 + 1,
      });
    }
    assert.ok(load.acknowledged > 300, `Only ${load.acknowledged} writes were acknowledged`);
    const verdict = checkLinearizable(load.operations, register);
    assert.ok(verdict.isLinearizable, JSON.stringify(verdict));
  } finally {
    await t.close();
  }
});
