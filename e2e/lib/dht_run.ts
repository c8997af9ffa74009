/**
 * Many small values written to a cluster whose nodes are killed and started again meanwhile.
 *
 * The door is the repository, as it is for users: a small file is two keys of the DHT, a chunk and
 * its index, each acknowledged when a majority of its owners has it on disk, and one record in the
 * replicated store. Every file is put until a node acknowledges it.
 *
 * @module
 */
import { until } from "../../scripts/lib/until.ts";
import { SeededRandom } from "../../src/base/random.ts";
import { ArtifactCluster } from "./artifacts_run.ts";
import type { Node } from "./node.ts";
import type { World } from "./world.ts";

const writersCount = 24;
const readersCount = 2;
const requestTimeoutMs = 30_000;
const refusedPauseMs = 50;
const writingMaxMs = 20 * 60_000;

/** How much is written while how much dies. */
export interface DhtRunOptions {
  readonly nodes: number;
  readonly files: number;
  /** Times that a node is killed and started again, spread over the writes. */
  readonly kills: number;
  readonly seed: string;
  readonly say: (event: Readonly<Record<string, unknown>>) => void;
}

/** What came of it. */
export interface DhtReport {
  readonly acknowledged: number;
  /** Keys of the DHT that the acknowledged files stand for. */
  readonly keys: number;
  readonly killed: number;
  readonly seconds: number;
  /** Answers other than 200 and 201 to a put, by status; 0 is no answer. Each was repeated. */
  readonly refused: Readonly<Record<string, number>>;
  /** Reads of acknowledged files in the middle of it, and those that failed, by status. */
  readonly reads: number;
  readonly failedReads: Readonly<Record<string, number>>;
  /** Acknowledged files that a node said it does not have, then or at the end. */
  readonly lost: readonly string[];
  /** Acknowledged files that came back with other bytes. */
  readonly wrong: readonly string[];
}

/** Starts a cluster, writes to it while nodes die, and reads everything back at the end. */
export async function runDht(world: World, options: DhtRunOptions): Promise<DhtReport> {
  const cluster = await ArtifactCluster.start(world, options.nodes);
  return await new DhtRun(cluster, options).run();
}

class DhtRun {
  readonly #cluster: ArtifactCluster;
  readonly #options: DhtRunOptions;
  readonly #random: SeededRandom;
  readonly #acknowledged: number[] = [];
  readonly #refused: Record<string, number> = {};
  readonly #failedReads: Record<string, number> = {};
  readonly #lost = new Set<string>();
  readonly #wrong = new Set<string>();
  #next = 0;
  #reads = 0;
  #isOver = false;

  constructor(cluster: ArtifactCluster, options: DhtRunOptions) {
    this.#cluster = cluster;
    this.#options = options;
    this.#random = new SeededRandom(options.seed);
  }

  async run(): Promise<DhtReport> {
    const { kills, say } = this.#options;
    const startMs = performance.now();
    const reading = Promise.all(times(readersCount, () => this.#readOn()));
    await Promise.all([...times(writersCount, () => this.#writeOn()), this.#kill()]);
    const seconds = Math.round((performance.now() - startMs) / 100) / 10;
    this.#isOver = true;
    await reading;
    say({ event: "everything is written", seconds, acknowledged: this.#acknowledged.length });
    await this.#cluster.settled();
    await this.#readAll();
    return {
      acknowledged: this.#acknowledged.length,
      keys: 2 * this.#acknowledged.length,
      killed: kills,
      seconds,
      refused: this.#refused,
      reads: this.#reads,
      failedReads: this.#failedReads,
      lost: [...this.#lost],
      wrong: [...this.#wrong],
    };
  }

  async #writeOn(): Promise<void> {
    while (this.#next < this.#options.files) {
      const n = this.#next++;
      while (!await this.#write(n)) {
        await new Promise((resolve) => setTimeout(resolve, refusedPauseMs));
      }
      this.#acknowledged.push(n);
    }
  }

  async #write(n: number): Promise<boolean> {
    const { status } = await ask(this.#anyNode(), n, { method: "PUT", body: valueOf(n) });
    if (status === 200 || status === 201) return true;
    count(this.#refused, status);
    return false;
  }

  async #readOn(): Promise<void> {
    while (!this.#isOver) {
      const n = this.#acknowledged[this.#random.nextBelow(Math.max(1, this.#acknowledged.length))];
      if (n === undefined) await new Promise((resolve) => setTimeout(resolve, refusedPauseMs));
      else await this.#read(this.#anyNode(), n);
    }
  }

  /** An answer that the file is absent is a loss at any time; other failures are told apart. */
  async #read(node: Node, n: number): Promise<void> {
    const { status, text } = await ask(node, n);
    this.#reads++;
    if (status === 200 && text === valueOf(n)) return;
    if (status === 200) this.#wrong.add(pathOf(n));
    else if (status === 404) this.#lost.add(pathOf(n));
    else count(this.#failedReads, status);
  }

  async #readAll(): Promise<void> {
    const before = Object.values(this.#failedReads).reduce((sum, each) => sum + each, 0);
    const left = [...this.#acknowledged];
    await Promise.all(times(writersCount, async () => {
      for (let n = left.pop(); n !== undefined; n = left.pop()) {
        await this.#read(this.#anyNode(), n);
      }
    }));
    const after = Object.values(this.#failedReads).reduce((sum, each) => sum + each, 0);
    if (after > before) throw new Error(`${after - before} reads failed although all nodes are up`);
  }

  async #kill(): Promise<void> {
    const { files, kills, nodes, say } = this.#options;
    for (let i = 1; i <= kills; i++) {
      await until(`${i} of ${kills + 1} parts are acknowledged`, () => {
        return this.#acknowledged.length >= files * i / (kills + 1) || undefined;
      }, writingMaxMs);
      const index = this.#random.nextBelow(nodes);
      await this.#cluster.node(index + 1).crash();
      const acknowledged = this.#acknowledged.length;
      await this.#cluster.start(index);
      say({ event: "killed and started again", node: `n${index + 1}`, acknowledged });
    }
  }

  #anyNode(): Node {
    const running = this.#cluster.nodes.filter(({ process }) => process.isRunning);
    const node = running[this.#random.nextBelow(running.length)];
    if (node === undefined) throw new Error("No node runs");
    return node;
  }
}

async function ask(
  node: Node,
  n: number,
  init: RequestInit = {},
): Promise<{ readonly status: number; readonly text: string }> {
  try {
    const signal = AbortSignal.timeout(requestTimeoutMs);
    const response = await fetch(`${node.management}/repository/${pathOf(n)}`, { ...init, signal });
    return { status: response.status, text: await response.text() };
  } catch {
    return { status: 0, text: "" };
  }
}

function pathOf(n: number): string {
  const name = `k${n % 100}`;
  const version = `1.0.${Math.floor(n / 100)}`;
  return `org/load/${name}/${version}/${name}-${version}.txt`;
}

function valueOf(n: number): string {
  return `value ${n} `.repeat(10);
}

function count(counts: Record<string, number>, status: number): void {
  counts[status] = (counts[status] ?? 0) + 1;
}

function times<T>(number: number, make: () => T): T[] {
  return Array.from({ length: number }, make);
}
