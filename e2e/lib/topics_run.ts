/**
 * Messages to two groups of consumers, through a cluster whose consumers, nodes and leader are
 * killed meanwhile; used by the short test in CI and by `deno task soak topics`.
 *
 * Every consumer tells a collector of the test what it handled, before the message counts as
 * handled; so what is missing there is lost, and what is there twice was handed out twice.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../../scripts/lib/until.ts";
import { freePorts, peersText } from "./local_cluster.ts";
import { Node } from "./node.ts";
import type { World } from "./world.ts";

/** What both slices import. */
const topicModule = (durability: string) =>
  `import { topic, z } from "aether";
export const ticks = topic("ticks", z.object({ n: z.int() }), {
  durability: "${durability}", partitions: 6,
});
`;
const module = `import { contract, http, method, slice, subscribe, z } from "aether";
import { ticks } from "./topic.ts";
const ticker = contract("org.example:ticker", {
  feed: method({
    input: z.object({ numbers: z.array(z.int()) }),
    output: z.object({ published: z.array(z.int()), reason: z.string() }),
    http: "POST /feed",
    timeoutMs: 20000,
  }),
  die: method({ input: z.object({}), output: z.object({}), http: "POST /die" }),
});
export default slice(ticker, {
  needs: { ticks, collector: http("collector") },
  subscriptions: { onTick: subscribe(ticks, { maxAttempts: 4, timeoutMs: 5000 }) },
  create: ({ ticks, collector }, { instance }) => ({
    feed: async ({ numbers }) => {
      const done = await Promise.allSettled(
        numbers.map((n) => ticks.publish({ n }, { key: String(n % 64) })),
      );
      const failed = done.find(({ status }) => status === "rejected");
      return {
        published: numbers.filter((_, i) => done[i]?.status === "fulfilled"),
        reason: failed === undefined ? "" : String(failed.reason),
      };
    },
    die: () => {
      setTimeout(() => { throw new Error("The consumer is killed"); }, 0);
      return {};
    },
    onTick: async ({ n }, _call, { attempt }) => {
      const answer = await collector.post("/handled", { json: { n, attempt, instance } });
      if (answer.status !== 200) throw new Error("The collector refused " + n);
    },
  }),
});
`;

const toml = 'artifact = "org.example:ticker:1.0.0"\n';

/** Another group of consumers, which gets every message too. */
const auditorModule = `import { contract, http, slice, subscribe } from "aether";
import { ticks } from "./topic.ts";
export default slice(contract("org.example:auditor", {}), {
  needs: { collector: http("collector") },
  subscriptions: { onTick: subscribe(ticks, { maxAttempts: 4, timeoutMs: 5000 }) },
  create: ({ collector }, { instance }) => ({
    onTick: async ({ n }, _call, { attempt }) => {
      const answer = await collector.post("/audited", { json: { n, attempt, instance } });
      if (answer.status !== 200) throw new Error("The collector refused " + n);
    },
  }),
});
`;
const auditorToml = 'artifact = "org.example:auditor:1.0.0"\n';

/** How a run goes. */
export interface TopicsRun {
  readonly messages: number;
  readonly durability: "synced" | "replicated";
  /** Told what happens. */
  say(event: Record<string, unknown>): void;
}

/** What came of a run. */
export interface TopicsReport {
  readonly acknowledged: number;
  readonly handled: number;
  readonly different: number;
  readonly lost: number;
  /** The same of the second group. */
  readonly audited: number;
  readonly auditedLost: number;
  /** Instances of each group that handled something. */
  readonly consumers: number;
  readonly auditors: number;
  readonly seconds: number;
  /** Published again because whether they were published was not known. */
  readonly repeatedPublishes: number;
}

/** Counts what consumers have handled. */
class Collector {
  readonly times = new Map<number, number>();
  /** Of the second group. */
  readonly audits = new Map<number, number>();
  /** Instances that have handled something, of both groups. */
  readonly consumers = new Set<string>();
  readonly auditors = new Set<string>();
  /** Numbers that are refused. */
  readonly poison = new Set<number>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        const { n, instance } = await request.json() as { n: number; instance: string };
        const isAudit = new URL(request.url).pathname === "/audited";
        if (!isAudit && this.poison.has(n)) return new Response(null, { status: 422 });
        const times = isAudit ? this.audits : this.times;
        times.set(n, (times.get(n) ?? 0) + 1);
        (isAudit ? this.auditors : this.consumers).add(instance);
        return Response.json({});
      },
    );
  }

  get port(): number {
    return this.#server.addr.port;
  }

  close(): Promise<void> {
    return this.#server.shutdown();
  }
}

function sumOf(times: ReadonlyMap<number, number>): number {
  return [...times.values()].reduce((sum, times) => sum + times, 0);
}

/** Runs it: two consumers, a node and the cluster's leader are killed while messages flow. */
export async function runTopics(world: World, run: TopicsRun): Promise<TopicsReport> {
  const collector = new Collector();
  try {
    return await new Flow(world, run, collector).go();
  } finally {
    await collector.close();
  }
}

class Flow {
  readonly #world: World;
  readonly #run: TopicsRun;
  readonly #collector: Collector;
  readonly #ports = freePorts(3);
  #nodes: Node[] = [];
  readonly #acknowledged = new Set<number>();
  #repeated = 0;
  /** The node that was killed, until it is back. */
  #killed: number | undefined;

  constructor(world: World, run: TopicsRun, collector: Collector) {
    this.#world = world;
    this.#run = run;
    this.#collector = collector;
  }

  async go(): Promise<TopicsReport> {
    const { messages, say } = this.#run;
    await this.#start();
    const startMs = performance.now();
    const killing = this.#kill();
    await this.#publishAll();
    await killing;
    say({ event: "all are acknowledged", acknowledged: this.#acknowledged.size });
    const { times, audits, consumers, auditors } = this.#collector;
    await until("every message is handled by both groups", () => {
      const missing = this.#missing(times).length + this.#missing(audits).length;
      return missing === 0 || undefined;
    }, 120_000).catch(() => {});
    const seconds = (performance.now() - startMs) / 1_000;
    await this.#poison(messages);
    return {
      acknowledged: this.#acknowledged.size,
      handled: sumOf(times),
      different: times.size,
      lost: this.#missing(times).length,
      audited: sumOf(audits),
      auditedLost: this.#missing(audits).length,
      consumers: consumers.size,
      auditors: auditors.size,
      seconds,
      repeatedPublishes: this.#repeated,
    };
  }

  #missing(times: ReadonlyMap<number, number>): number[] {
    return [...this.#acknowledged].filter((n) => !times.has(n));
  }

  async #start(): Promise<void> {
    const world = this.#world;
    const config = `[resources.collector]\ntype = "http"\n` +
      `baseUrl = "http://127.0.0.1:${this.#collector.port}"\n` +
      `[sandbox.max]\nnet = ["127.0.0.1:${this.#collector.port}"]\n`;
    await world.write("aether.toml", config);
    await world.write("ticker/slice.toml", toml);
    await world.write("ticker/mod.ts", module);
    await world.write("auditor/slice.toml", auditorToml);
    await world.write("auditor/mod.ts", auditorModule);
    for (const slice of ["ticker", "auditor"]) {
      await world.write(`${slice}/topic.ts`, topicModule(this.#run.durability));
    }
    this.#nodes = await Promise.all(this.#ports.map((_, index) => this.#startNode(index)));
    await until("all nodes have joined", async () => {
      const all = await Promise.all(this.#nodes.map((node) => node.client.call("health")));
      return all.every(({ nodeCount, ready }) => nodeCount === 3 && ready) || undefined;
    });
    const [node] = this.#nodes;
    if (node === undefined) throw new Error("There is no node");
    await node.publish(world.path("ticker"), world.path("auditor"));
    const text = `id = "org.example:app:1.0.0"\n[[slices]]\n` +
      `artifact = "org.example:ticker:1.0.0"\ninstances = 3\n[[slices]]\n` +
      `artifact = "org.example:auditor:1.0.0"\ninstances = 2\n`;
    await node.must(["blueprint", "apply", "-"], { stdin: text });
  }

  #startNode(index: number): Promise<Node> {
    const names = this.#ports.map((_, each) => `n${each + 1}`);
    return Node.start(this.#world, [
      ...["--node-id", `n${index + 1}`, "--port", String(this.#ports[index])],
      ...["--gateway-port", "0", "--peers", peersText(names, this.#ports)],
      ...["--data-dir", this.#world.path(`data-${index}`)],
      ...["--config", this.#world.path("aether.toml")],
    ]);
  }

  /** A node that runs. */
  get #alive(): Node[] {
    return this.#nodes.filter(({ process }) => process.isRunning);
  }

  async #publishAll(): Promise<void> {
    const { messages } = this.#run;
    const waiting = Array.from({ length: messages }, (_, n) => n);
    let turn = 0;
    const one = async () => {
      for (let batch = waiting.splice(0, 200); batch.length > 0; batch = waiting.splice(0, 200)) {
        const alive = this.#alive;
        const node = alive[turn++ % alive.length];
        const published = await this.#publish(node, batch);
        for (const n of published) this.#acknowledged.add(n);
        const left = batch.filter((n) => !this.#acknowledged.has(n));
        this.#repeated += left.length;
        waiting.push(...left);
      }
    };
    await Promise.all(Array.from({ length: 4 }, one));
  }

  async #publish(node: Node | undefined, numbers: readonly number[]): Promise<number[]> {
    if (node === undefined) return [];
    try {
      const response = await fetch(`${node.app}/feed`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify({ numbers }),
      });
      const text = await response.text();
      if (response.status !== 200) return [];
      return (JSON.parse(text) as { published: number[] }).published;
    } catch {
      return [];
    }
  }

  async #after(share: number): Promise<void> {
    await until(`${share * 100} % are acknowledged`, async () => {
      for (const [index, { process }] of this.#nodes.entries()) {
        if (process.isRunning || index === this.#killed) continue;
        const { code } = await process.ended;
        throw new Error(`Node n${index + 1} has ended by itself, with exit code ${code}`);
      }
      return this.#acknowledged.size >= this.#run.messages * share || undefined;
    }, 600_000);
  }

  /** Two consumers, one node that does not lead the cluster, and the one that does. */
  async #kill(): Promise<void> {
    const { say } = this.#run;
    for (const share of [0.1, 0.25]) {
      await this.#after(share);
      const [node] = this.#alive;
      await fetch(`${node?.app}/die`, { method: "POST", body: "{}" }).then((it) =>
        it.body?.cancel()
      );
      say({ event: "a consumer is killed", acknowledged: this.#acknowledged.size });
    }
    for (const [share, isLeader] of [[0.4, false], [0.65, true]] as const) {
      await this.#after(share);
      const leader = await this.#leader();
      const index = [0, 1, 2].find((each) => (`n${each + 1}` === leader) === isLeader) ?? 0;
      const node = this.#nodes[index];
      const before = this.#acknowledged.size;
      this.#killed = index;
      await node?.crash();
      say({ event: isLeader ? "the leader is killed" : "a node is killed", acknowledged: before });
      await this.#after(Math.min(1, share + 0.1));
      this.#nodes[index] = await this.#startNode(index);
      this.#killed = undefined;
      say({ event: "it is back", acknowledged: this.#acknowledged.size });
      await until("it takes part", async () => {
        const { nodeCount, ready } = await (this.#nodes[index] as Node).client.call("health");
        return nodeCount === 3 && ready || undefined;
      });
    }
  }

  #leader(): Promise<string> {
    return until("somebody leads", async () => {
      for (const node of this.#alive) {
        const leader = await node.client.call("status").then(({ leader }) => leader, () => null);
        if (typeof leader === "string") return leader;
      }
      return undefined;
    });
  }

  /** A message that always fails becomes a dead letter, and is handled when it is replayed. */
  async #poison(n: number): Promise<void> {
    const { poison, times, audits } = this.#collector;
    const [node] = this.#alive;
    if (node === undefined) throw new Error("No node runs");
    poison.add(n);
    await until(
      "the poison is published",
      async () => (await this.#publish(node, [n])).length > 0 || undefined,
    );
    const listed = await until("it is a dead letter", async () => {
      const text = await node.must(["deadletter", "list", "--topic", "ticks", "-o", "json"]);
      const { letters } = JSON.parse(text) as { letters: { id: string; attempts: number }[] };
      return letters.length > 0 ? letters : undefined;
    }, 60_000);
    assert.deepEqual(listed.map(({ attempts }) => attempts), [4]);
    // What one group cannot handle is no matter to the other.
    await until("the other group has it", () => audits.has(n) || undefined);
    poison.delete(n);
    await node.must(["deadletter", "replay", "--topic", "ticks"]);
    assert.equal(times.get(n), 1);
    const after = await node.must(["deadletter", "list", "-o", "json"]);
    assert.equal((JSON.parse(after) as { count: number }).count, 0);
    times.delete(n);
    audits.delete(n);
    this.#run.say({ event: "a poison message became a dead letter and was replayed" });
  }
}
