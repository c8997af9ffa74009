/**
 * Fetches what another owner has of a partition and this node lacks, or has in an older version.
 *
 * Lists are exchanged only for buckets that differ, and values only for keys that do. Whatever goes
 * wrong ends the session as incomplete: nothing is ever concluded from what was not heard.
 *
 * @module
 */
import type { ListedEntry } from "../../protocol/dht/entry.ts";
import type { DhtMessage, DigestText } from "../../protocol/dht/message.ts";
import { dhtScopes } from "../../protocol/dht/scope.ts";
import { compareVersions, type Version } from "../../protocol/dht/version.ts";
import type { Core } from "../core.ts";
import type { StorageReply } from "../types.ts";
import type { Unit } from "../views.ts";
import { listRange } from "./listing.ts";
import type { Throttle } from "./throttle.ts";

/** Keys that are asked for at once. */
const fetchMax = 64;

type Message<Type extends DhtMessage["type"]> = Extract<DhtMessage, { type: Type }>;

/** How a session ended. */
export interface SyncOutcome {
  /** Everything that the other node has of the partition is here, and nothing of it is damaged. */
  readonly isComplete: boolean;
  /** The other node has not answered in time. */
  readonly isSilent: boolean;
  /** Entries that were missing here or older. */
  readonly entries: number;
}

/** What a session works with. */
export interface SyncContext {
  readonly core: Core;
  readonly throttle: Throttle;
  readonly unit: Unit;
  readonly peer: string;
  readonly revision: number;
  readonly done: (outcome: SyncOutcome) => void;
}

/** One partition from one node. */
export class SyncSession {
  readonly #context: SyncContext;
  #messageId = -1;
  #question: DhtMessage | undefined;
  #buckets: readonly DigestText[] = [];
  #page: Extract<Message<"listTell">["outcome"], { type: "listed" }> | undefined;
  #wanted: string[] = [];
  #isWaitingForTokens = false;
  #isWhole = true;
  #entries = 0;
  #isOver = false;
  #resendAtMs = Infinity;
  #timeoutAtMs: number;

  constructor(context: SyncContext) {
    this.#context = context;
    const { core: { now, options } } = context;
    this.#timeoutAtMs = now.monotonicMs + options.syncTimeoutMs;
    const { scope, partition } = context.unit;
    context.core.store({ op: "digests", scope, partitions: [partition] }, (reply) => {
      if (this.#isOver) return;
      const state = reply.op === "digests" ? reply.states[0] : undefined;
      if (state === undefined) return this.end(false);
      this.#buckets = state.buckets;
      this.#askList("");
    });
  }

  /** The other node has listed what it has. */
  listed(id: number, { outcome }: Message<"listTell">): void {
    if (this.#isOver || id !== this.#messageId) return;
    this.#heard();
    if (outcome.type === "failed") return this.end(false);
    if (outcome.damaged > 0) this.#isWhole = false;
    this.#page = outcome;
    const last = outcome.listed.at(-1)?.key;
    if (last === undefined) return this.#nextPage();
    const first = outcome.listed[0]?.key ?? last;
    listRange(this.#context.core, this.#context.unit, { from: first, to: last }, (own) => {
      if (this.#isOver) return;
      if (own === undefined) return this.end(false);
      this.#wanted = outcome.listed.filter((listed) => isNewer(listed, own)).map(({ key }) => key);
      this.#fetch();
    });
  }

  /** The other node has sent entries. */
  fetched(id: number, { entries, answered, failed }: Message<"fetchTell">): void {
    if (this.#isOver || id !== this.#messageId) return;
    this.#heard();
    const { core, throttle, unit: { scope } } = this.#context;
    if (failed > 0) this.#isWhole = false;
    this.#wanted.splice(0, Math.max(1, answered));
    let left = 1;
    let isFailed = false;
    const finish = () => {
      if (--left > 0 || this.#isOver) return;
      if (isFailed) this.end(false);
      else this.#fetch();
    };
    for (const { key, entry } of entries) {
      throttle.take(entry.value?.length ?? 0);
      const isChunk = dhtScopes[scope].kind !== "chunks" || entry.value === undefined ||
        core.options.isChunk(key, entry.value);
      if (!isChunk) {
        this.#isWhole = false;
        continue;
      }
      left++;
      core.store({ op: "merge", scope, key, entry, by: "sync" }, (reply: StorageReply) => {
        if (reply.op === "failed") isFailed = true;
        else this.#entries++;
        finish();
      });
    }
    finish();
  }

  /** Time has passed. */
  tick(): void {
    if (this.#isOver) return;
    const { core: { now, options }, peer, core } = this.#context;
    if (this.#isWaitingForTokens) {
      this.#timeoutAtMs = now.monotonicMs + options.syncTimeoutMs;
      this.#fetch();
    } else if (now.monotonicMs >= this.#timeoutAtMs) this.end(false, this.#question !== undefined);
    else if (this.#question !== undefined && now.monotonicMs >= this.#resendAtMs) {
      this.#resendAtMs = now.monotonicMs + options.resendMs;
      core.send(peer, this.#question);
    }
  }

  /** Ends it: what comes later is not taken any more. */
  end(isComplete: boolean, isSilent = false): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#context.done({ isComplete, isSilent, entries: this.#entries });
  }

  #askList(after: string): void {
    const { unit, revision, core } = this.#context;
    const id = core.newId();
    this.#ask({ type: "listAsk", id, revision, ...unit, buckets: this.#buckets, after });
  }

  #fetch(): void {
    const { core, throttle, revision, unit: { scope } } = this.#context;
    if (this.#wanted.length === 0) return this.#nextPage();
    this.#isWaitingForTokens = !throttle.isOpen(core.now.monotonicMs);
    if (this.#isWaitingForTokens) return;
    const keys = this.#wanted.slice(0, fetchMax);
    this.#ask({ type: "fetchAsk", id: core.newId(), revision, scope, keys });
  }

  #nextPage(): void {
    const last = this.#page?.listed.at(-1)?.key;
    if (this.#page?.isLast === true || last === undefined) return this.end(this.#isWhole);
    this.#askList(last);
  }

  #ask(question: Extract<DhtMessage, { id: number }>): void {
    const { core, peer } = this.#context;
    this.#messageId = question.id;
    this.#question = question;
    this.#resendAtMs = core.now.monotonicMs + core.options.resendMs;
    core.send(peer, question);
  }

  #heard(): void {
    const { core: { now, options } } = this.#context;
    this.#messageId = -1;
    this.#question = undefined;
    this.#timeoutAtMs = now.monotonicMs + options.syncTimeoutMs;
  }
}

function isNewer({ key, version }: ListedEntry, own: ReadonlyMap<string, Version>): boolean {
  const known = own.get(key);
  return known === undefined || compareVersions(known, version) < 0;
}
