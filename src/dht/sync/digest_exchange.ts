/**
 * Asks other owners which of many partitions differ from what is here.
 *
 * @module
 */
import { dhtLimits } from "../../protocol/dht/entry.ts";
import type { DhtMessage, PartitionDigest } from "../../protocol/dht/message.ts";
import type { ScopeName } from "../../protocol/dht/scope.ts";
import type { Core } from "../core.ts";
import { partitionDigest } from "../digest.ts";
import type { PartitionState } from "../types.ts";

/** What is known after an answer: every partition that was asked about is in one of the two. */
export interface DigestAnswer {
  readonly same: readonly number[];
  readonly differing: readonly number[];
  /** Partitions about which nothing was said in time. */
  readonly unknown: readonly number[];
}

interface Question {
  readonly peer: string;
  readonly message: Extract<DhtMessage, { type: "digestAsk" }>;
  readonly then: (answer: DigestAnswer) => void;
  readonly untilMs: number;
  resendAtMs: number;
}

/** Questions that are not answered yet. */
export class DigestExchange {
  readonly #core: Core;
  readonly #questions = new Map<number, Question>();

  constructor(core: Core) {
    this.#core = core;
  }

  /** How many are not answered yet. */
  get count(): number {
    return this.#questions.size;
  }

  /** Asks a node about partitions. */
  ask(
    peer: string,
    { scope, states, revision }: {
      readonly scope: ScopeName;
      readonly states: readonly PartitionState[];
      readonly revision: number;
    },
    then: (answer: DigestAnswer) => void,
  ): void {
    const { now: { monotonicMs }, options } = this.#core;
    for (let start = 0; start < states.length; start += dhtLimits.digestsMax) {
      const digests: PartitionDigest[] = states.slice(start, start + dhtLimits.digestsMax)
        .map(({ partition, buckets }) => ({ partition, digest: partitionDigest(buckets) }));
      const id = this.#core.newId();
      const message = { type: "digestAsk", id, revision, scope, digests } as const;
      const untilMs = monotonicMs + options.syncTimeoutMs;
      const resendAtMs = monotonicMs + options.resendMs;
      this.#questions.set(id, { peer, message, then, untilMs, resendAtMs });
      this.#core.send(peer, message);
    }
  }

  /** A node has answered. */
  receive(from: string, id: number, differing: readonly number[]): void {
    const question = this.#questions.get(id);
    if (question === undefined || question.peer !== from) return;
    this.#questions.delete(id);
    const differs = new Set(differing);
    const partitions = question.message.digests.map(({ partition }) => partition);
    question.then({
      same: partitions.filter((partition) => !differs.has(partition)),
      differing: partitions.filter((partition) => differs.has(partition)),
      unknown: [],
    });
  }

  /** Another view is in force. */
  clear(): void {
    this.#questions.clear();
  }

  /** Time has passed. */
  tick(): void {
    const { now: { monotonicMs }, options } = this.#core;
    for (const [id, question] of [...this.#questions]) {
      if (monotonicMs >= question.untilMs) {
        this.#questions.delete(id);
        const unknown = question.message.digests.map(({ partition }) => partition);
        question.then({ same: [], differing: [], unknown });
      } else if (monotonicMs >= question.resendAtMs) {
        question.resendAtMs = monotonicMs + options.resendMs;
        this.#core.send(question.peer, question.message);
      }
    }
  }
}
