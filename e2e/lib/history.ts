/**
 * {@link Clients}: clients of a cluster that note what they did and what was answered, and the
 * check whether all of it can be explained by one order.
 *
 * An operation whose outcome is unknown stays open: it may have taken effect at any later time, or
 * never. One that was certainly not done is not part of the history.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../src/base/random.ts";
import { checkLinearizable } from "../../tests/linearizability/checker.ts";
import {
  register,
  type RegisterCall,
  type RegisterOperation,
  type RegisterResult,
  settle,
} from "../../tests/linearizability/register.ts";
import type { Answered, ClusterNode } from "./cluster.ts";

/** Errors after which an operation has certainly not been done. */
const notDone: ReadonlySet<string> = new Set([
  "NOT_PROPOSED",
  "NODE_STOPPING",
  "OVERLOADED",
  "STORE_FULL",
]);
const pauseMs = 20;

interface Version {
  readonly value: string | undefined;
  readonly etag: string | undefined;
}

/** How clients behave. */
export interface ClientsOptions {
  readonly nodes: readonly ClusterNode[];
  /** Clients of each node: one that hangs must not take all of them with it. */
  readonly clientsPerNode: number;
  readonly keys: number;
  readonly seed: string;
  /** Start of all keys, so that histories do not meet. */
  readonly prefix: string;
}

/** Clients that work without a pause until they are stopped. */
export class Clients {
  readonly #options: ClientsOptions;
  readonly #operations: RegisterOperation[] = [];
  /** Writes that were certainly not done, with the answers that say so; for messages. */
  readonly #refused: { readonly key: string; readonly text: string }[] = [];
  /** Moments at which a write was acknowledged. */
  readonly acknowledgedMs: number[] = [];
  #running: Promise<unknown> = Promise.resolve();
  #isStopped = false;
  #values = 0;

  constructor(options: ClientsOptions) {
    this.#options = options;
  }

  /** Operations so far. */
  get size(): number {
    return this.#operations.length;
  }

  /** Operations without a known outcome. */
  get unknown(): number {
    return this.#operations.filter(({ result }) => result === undefined).length;
  }

  /** Longest time between two acknowledged writes since a moment. */
  longestGapMs(sinceMs: number): number {
    let longestMs = 0;
    let lastMs = sinceMs;
    for (const atMs of this.acknowledgedMs) {
      if (atMs < sinceMs) continue;
      longestMs = Math.max(longestMs, atMs - lastMs);
      lastMs = atMs;
    }
    return longestMs;
  }

  /** Begins. */
  start(): void {
    const { nodes, clientsPerNode, seed } = this.#options;
    const clients = Array.from({ length: clientsPerNode }, (_, client) => client);
    this.#running = Promise.all(
      nodes.flatMap((node) =>
        clients.map((client) => this.#run(node, new SeededRandom(`${seed}/${node.id}/${client}`)))
      ),
    );
  }

  /** Ends every operation under way, then reads every key at every node. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await this.#running;
    const { nodes, keys } = this.#options;
    for (const node of nodes.filter(({ isUp }) => isUp)) {
      await Promise.all(Array.from({ length: keys }, (_, key) => this.#read(node, this.#key(key))));
    }
  }

  /** Throws unless the history is linearizable. */
  check(): void {
    const verdict = checkLinearizable(settle(this.#operations), register);
    if (verdict.isLinearizable) return;
    const { key } = verdict;
    const shown = this.#operations.filter((operation) => operation.key === key)
      .sort((one, other) => one.calledAt - other.calledAt)
      .map(({ calledAt, returnedAt, call, result }) =>
        `${calledAt.toFixed(1)} to ${returnedAt.toFixed(1)}: ` +
        `${JSON.stringify(call)} ${JSON.stringify(result)}`
      );
    const refused = this.#refused.filter((each) => each.key === key).map(({ text }) => text);
    shown.push(...refused.slice(-50));
    const { seed } = this.#options;
    assert.fail(`Seed ${seed}: ${JSON.stringify(verdict)}\n${shown.join("\n")}`);
  }

  #key(number: number): string {
    return `${this.#options.prefix}/${number}`;
  }

  async #run(node: ClusterNode, random: SeededRandom): Promise<void> {
    const { keys } = this.#options;
    const versions = new Map<string, Version>();
    while (!this.#isStopped) {
      const key = this.#key(random.nextBelow(keys));
      const version = versions.get(key);
      const kind = random.nextBelow(10);
      let isDone: boolean;
      if (kind < 5) isDone = await this.#write(node, key);
      else if (kind < 8 || version === undefined) {
        const read = await this.#read(node, key);
        if (read !== undefined) versions.set(key, read);
        isDone = read !== undefined;
      } else {
        isDone = await this.#exchange(node, key, version);
        versions.delete(key);
      }
      // A node that is down refuses at once: leave the processor to those that are not.
      if (!isDone) await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
  }

  #newValue(): string {
    return `v${this.#values++}`;
  }

  async #write(node: ClusterNode, key: string): Promise<boolean> {
    const value = this.#newValue();
    const answer = await this.#note(key, { type: "write", value }, () => put(node, key, value), {
      200: { type: "written" },
    });
    return answer.status === 200;
  }

  async #exchange(node: ClusterNode, key: string, version: Version): Promise<boolean> {
    const value = this.#newValue();
    const { etag } = version;
    const condition: Record<string, string> = etag === undefined
      ? { "if-none-match": "*" }
      : { "if-match": etag };
    const call = { type: "exchange", expected: version.value, value } as const;
    const answer = await this.#note(key, call, () => put(node, key, value, condition), {
      200: { type: "exchanged", succeeded: true },
      412: { type: "exchanged", succeeded: false },
    });
    return answer.status === 200 || answer.status === 412;
  }

  async #read(node: ClusterNode, key: string): Promise<Version | undefined> {
    const calledAt = performance.now();
    const { status, text, etag } = await node.request(`/api/kv/${key}`);
    // A read that failed says nothing.
    if (status !== 200 && status !== 404) return undefined;
    const value = status === 200 ? text : undefined;
    const returnedAt = performance.now();
    this.#operations.push({
      key,
      call: { type: "read" },
      result: { type: "read", value },
      calledAt,
      returnedAt,
    });
    return { value, etag: status === 200 ? etag ?? undefined : undefined };
  }

  async #note(
    key: string,
    call: RegisterCall,
    send: () => Promise<Answered>,
    results: Readonly<Record<number, RegisterResult>>,
  ): Promise<Answered> {
    const calledAt = performance.now();
    const answer = await send();
    const result = results[answer.status];
    if (result === undefined && isCertainlyNotDone(answer)) {
      const text = `${calledAt.toFixed(1)}: ${JSON.stringify(call)} not done: ${answer.text}`;
      this.#refused.push({ key, text });
      return answer;
    }
    const returnedAt = result === undefined ? Infinity : performance.now();
    if (answer.status === 200) this.acknowledgedMs.push(returnedAt);
    this.#operations.push({ key, call, result, calledAt, returnedAt });
    return answer;
  }
}

function put(
  node: ClusterNode,
  key: string,
  value: string,
  condition: Readonly<Record<string, string>> = {},
): Promise<Answered> {
  const headers = { "content-type": "text/plain", ...condition };
  return node.request(`/api/kv/${key}`, { method: "PUT", body: value, headers });
}

function isCertainlyNotDone({ status, text }: Answered): boolean {
  if (status === 0) return text.includes("Connection refused");
  try {
    return notDone.has((JSON.parse(text) as { name?: string }).name ?? "");
  } catch {
    return false;
  }
}
