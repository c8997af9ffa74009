/**
 * What a node does for others as an owner: stores and reads entries, and says what it has.
 *
 * An answer is given only when the view has stayed the same meanwhile: what was done with a former
 * view may not count in it.
 *
 * @module
 */
import { dhtLimits, type KeyedEntry } from "../protocol/dht/entry.ts";
import type { DhtMessage, ReadOutcome, WriteOutcome } from "../protocol/dht/message.ts";
import { dhtScopes } from "../protocol/dht/scope.ts";
import type { Core } from "./core.ts";
import { differingBuckets, partitionDigest } from "./digest.ts";
import { partitionOf } from "./placement.ts";
import type { StorageReply } from "./types.ts";
import type { Views } from "./views.ts";

type Message<Type extends DhtMessage["type"]> = Extract<DhtMessage, { type: Type }>;
/** What the storage may come to when it fails. */
type StorageFailure = Extract<StorageReply, { op: "failed" }>;

/** An owner. */
export class Serving {
  readonly #core: Core;
  readonly #views: Views;
  #serving = 0;

  constructor(core: Core, views: Views) {
    this.#core = core;
    this.#views = views;
  }

  /** Requests under way in the storage. */
  get count(): number {
    return this.#serving;
  }

  /** Stores an entry unless a newer one is there. */
  write(from: string, { id, revision, scope, key, entry }: Message<"write">): void {
    const answer = (outcome: WriteOutcome) => {
      if (this.#views.current?.view.revision !== revision) return;
      const { storage } = this.#core.start;
      this.#core.send(from, { type: "wrote", id, revision, storage, outcome });
    };
    const owners = this.#views.current?.owners(scope, partitionOf(key));
    if (owners === undefined) return;
    if (!this.#views.includesMe([...owners.now, ...owners.next?.members ?? []])) {
      return answer({ type: "failed", cause: "notOwner" });
    }
    const { now, options: { skewMaxMs, servingMax }, clock } = this.#core;
    if (entry.version.timeMs > now.wallMs + skewMaxMs) {
      return answer({ type: "failed", cause: "clockSkew" });
    }
    clock.see(entry.version);
    if (this.#serving >= servingMax) return answer({ type: "failed", cause: "busy" });
    this.#serving++;
    this.#core.store({ op: "merge", scope, key, entry, by: "write" }, (reply) => {
      this.#serving--;
      if (reply.op === "failed") answer({ type: "failed", cause: reply.cause });
      else if (reply.op !== "merge") return;
      else if (reply.superseded === undefined) answer({ type: "stored" });
      else answer({ type: "superseded", version: reply.superseded });
    });
  }

  /** Reads an entry. */
  read(from: string, { id, revision, scope, key }: Message<"read">): void {
    const answer = (outcome: ReadOutcome) => {
      if (this.#views.current?.view.revision !== revision) return;
      const { storage } = this.#core.start;
      this.#core.send(from, { type: "readTell", id, revision, storage, outcome });
    };
    const owners = this.#views.current?.owners(scope, partitionOf(key));
    if (owners === undefined) return;
    // A chunk proves itself: who does not have all of them yet may give those it has.
    const others = dhtScopes[scope].kind === "chunks" ? owners.next?.members ?? [] : [];
    if (!this.#views.includesMe([...owners.now, ...others])) {
      return answer({ type: "failed", cause: "notOwner" });
    }
    if (this.#serving >= this.#core.options.servingMax) {
      return answer({ type: "failed", cause: "busy" });
    }
    this.#serving++;
    this.#core.store({ op: "read", scope, key }, (reply) => {
      this.#serving--;
      if (reply.op === "failed") answer({ type: "failed", cause: reply.cause });
      else if (reply.op !== "read") return;
      else if (reply.entry === undefined) answer({ type: "absent" });
      else answer({ type: "entry", entry: reply.entry });
    });
  }

  /** Says which partitions differ; `differ` hears of it too. */
  digests(
    from: string,
    { id, revision, scope, digests }: Message<"digestAsk">,
    differ: (partitions: readonly number[]) => void,
  ): void {
    const partitions = digests.map(({ partition }) => partition);
    this.#core.store({ op: "digests", scope, partitions }, (reply) => {
      const view = this.#views.current;
      if (view?.view.revision !== revision || reply.op !== "digests") return;
      const differing = digests.filter(({ partition, digest }, i) => {
        const state = reply.states[i];
        if (!this.#views.includesMe(view.owners(scope, partition).now)) return true;
        return state === undefined || state.damaged > 0 ||
          partitionDigest(state.buckets) !== digest;
      }).map(({ partition }) => partition);
      this.#core.send(from, { type: "digestTell", id, revision, differing });
      differ(differing);
    });
  }

  /** Lists what it has where the digests differ. */
  list(from: string, { id, revision, scope, partition, buckets, after }: Message<"listAsk">): void {
    const answer = (outcome: Message<"listTell">["outcome"]) => {
      if (this.#views.current?.view.revision !== revision) return;
      const { storage } = this.#core.start;
      this.#core.send(from, { type: "listTell", id, revision, storage, outcome });
    };
    const owners = this.#views.current?.owners(scope, partition);
    if (owners === undefined || !this.#views.includesMe(owners.now)) {
      return answer({ type: "failed", cause: "notOwner" });
    }
    const fail = ({ cause }: StorageFailure) => answer({ type: "failed", cause });
    this.#core.store({ op: "digests", scope, partitions: [partition] }, (reply) => {
      if (reply.op === "failed") return fail(reply);
      const state = reply.op === "digests" ? reply.states[0] : undefined;
      if (state === undefined) return answer({ type: "failed", cause: "io" });
      const differing = differingBuckets(state.buckets, buckets);
      const { damaged } = state;
      if (differing.length === 0) {
        return answer({ type: "listed", listed: [], isLast: true, damaged });
      }
      const limit = dhtLimits.listedMax;
      this.#core.store({
        ...{ op: "list", scope, partition, buckets: differing, after, limit },
        tombstonesOnly: false,
      }, (listed) => {
        if (listed.op === "failed") fail(listed);
        else if (listed.op === "list") answer({ type: "listed", ...pick(listed), damaged });
      });
    });
  }

  /** Gives entries, as many as fit into a message. */
  fetch(from: string, { id, revision, scope, keys }: Message<"fetchAsk">): void {
    const entries: KeyedEntry[] = [];
    let [answered, failed, bytes] = [0, 0, 0];
    const next = (): void => {
      const key = keys[answered];
      if (this.#views.current?.view.revision !== revision) return;
      if (key === undefined || answered > 0 && bytes >= dhtLimits.fetchedBytes) {
        this.#core.send(from, { type: "fetchTell", id, revision, entries, answered, failed });
        return;
      }
      this.#core.store({ op: "read", scope, key }, (reply) => {
        answered++;
        if (reply.op === "read" && reply.entry !== undefined) {
          entries.push({ key, entry: reply.entry });
          bytes += reply.entry.value?.length ?? 0;
        } else if (reply.op === "failed") failed++;
        next();
      });
    };
    next();
  }
}

function pick({ listed, isLast }: Extract<StorageReply, { op: "list" }>) {
  return { listed, isLast };
}
