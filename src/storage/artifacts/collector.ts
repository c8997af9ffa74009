/**
 * Removes chunks that no file names: each node looks at those that it is the first owner of.
 *
 * Control makes sure that nothing is committed meanwhile whose upload it does not know of.
 *
 * @module
 */
import { bucketCount } from "../../dht/digest.ts";
import { partitionCount } from "../../protocol/dht/scope.ts";
import { type Collected, collectionMaxMs } from "../../protocol/storage/artifacts.ts";
import type { StorageHost } from "../service.ts";
import { chunksOf, readChunk } from "./reading.ts";
import type { ArtifactDht } from "./artifact_dht.ts";

const topic = "artifacts.collect";
const askTimeoutMs = 120_000;
const removeTimeoutMs = 5_000;
/** On all nodes together: well before control may take the collection for over. */
const collectMaxMs = collectionMaxMs - 2 * 60_000;
/** What of the time of a question is for its way, and for what is being removed at its end. */
const askMarginMs = removeTimeoutMs + 5_000;
const removesMax = 32;
const pageMax = 512;
const allBuckets = Array.from({ length: bucketCount }, (_, bucket) => bucket);

interface Question {
  readonly indexes: readonly string[];
  readonly dryRun: boolean;
  /** How long the other node waits: what is uploaded afterwards is not among the indexes. */
  readonly timeoutMs: number;
}

/** What a node has removed; `isCut` when its time was over before. */
interface Own {
  chunks: number;
  bytes: number;
  isCut: boolean;
}

/** Collects on this node, and asks the others to. */
export class Collector {
  readonly #host: StorageHost;
  readonly #dht: ArtifactDht;

  constructor(host: StorageHost, dht: ArtifactDht) {
    this.#host = host;
    this.#dht = dht;
    host.peers.handle(topic, async (body) => {
      const question = JSON.parse(new TextDecoder().decode(body)) as Question;
      const endsAtMs = host.clock.monotonicMs() + question.timeoutMs - askMarginMs;
      return new TextEncoder().encode(JSON.stringify(await this.#own(question, endsAtMs)));
    });
  }

  /**
   * Collects on all nodes.
   *
   * @throws {AetherError} when an index cannot be read: then nothing is removed.
   */
  async all(indexes: readonly string[], dryRun: boolean): Promise<Collected> {
    const { topology, node, clock } = this.#host;
    const endsAtMs = clock.monotonicMs() + collectMaxMs;
    const { isCut, ...sum } = await this.#own({ indexes, dryRun }, endsAtMs);
    const silent = isCut ? [node] : [];
    for (const { id } of topology().members.filter((member) => member.id !== node)) {
      try {
        const leftMs = Math.max(0, endsAtMs - clock.monotonicMs());
        const timeoutMs = Math.min(askTimeoutMs, leftMs);
        const own = await this.#ask(id, { indexes, dryRun, timeoutMs });
        sum.chunks += own.chunks;
        sum.bytes += own.bytes;
        if (own.isCut) silent.push(id);
      } catch {
        silent.push(id);
      }
    }
    return { ...sum, silent };
  }

  async #ask(node: string, question: Question): Promise<Own> {
    const body = new TextEncoder().encode(JSON.stringify(question));
    const answer = await this.#host.peers.ask(node, topic, body, question.timeoutMs);
    return JSON.parse(new TextDecoder().decode(answer)) as Own;
  }

  /** Removes, or counts, until a time of the monotonic clock. */
  async #own(
    { indexes, dryRun }: Pick<Question, "indexes" | "dryRun">,
    endsAtMs: number,
  ): Promise<Own> {
    const named = await this.#named(indexes);
    const sum: Own = { chunks: 0, bytes: 0, isCut: false };
    const removing = new Set<Promise<void>>();
    for (const key of this.#ownKeys()) {
      if (named.has(key)) continue;
      while (removing.size >= removesMax) await Promise.race(removing);
      sum.isCut = !dryRun && this.#host.clock.monotonicMs() >= endsAtMs;
      if (sum.isCut) break;
      const [reply] = this.#dht.store.handle([{ op: "read", scope: "chunks", key }]);
      sum.chunks++;
      if (reply?.op === "read") sum.bytes += reply.entry?.value?.length ?? 0;
      if (dryRun) continue;
      const one: Promise<void> = this.#dht.dht.remove("chunks", key, removeTimeoutMs)
        .catch((error) => {
          this.#host.log.warn("A chunk could not be collected", { key, reason: error.message });
        })
        .finally(() => removing.delete(one));
      removing.add(one);
    }
    await Promise.all(removing);
    return sum;
  }

  /** Names of all chunks that files need. */
  async #named(indexes: readonly string[]): Promise<Set<string>> {
    const named = new Set(indexes);
    for (const index of indexes) {
      for (const key of chunksOf(await readChunk(this.#dht.dht, index))) named.add(key);
    }
    return named;
  }

  /** Chunks here of which this node is the first owner. */
  *#ownKeys(): Generator<string> {
    for (let partition = 0; partition < partitionCount; partition++) {
      for (let after = "";;) {
        const [reply] = this.#dht.store.handle([{
          op: "list",
          scope: "chunks",
          partition,
          buckets: allBuckets,
          after,
          limit: pageMax,
          tombstonesOnly: false,
        }]);
        if (reply?.op !== "list") break;
        for (const { key, isTombstone } of reply.listed) {
          const isFirst = this.#dht.owners("chunks", key)[0] === this.#host.node;
          if (!isTombstone && isFirst) yield key;
        }
        if (reply.isLast) break;
        after = reply.listed.at(-1)?.key ?? "";
      }
    }
  }
}
