/**
 * {@link Deliveries}: hands the messages of a partition to the slices that subscribe.
 *
 * Runs on the partition's leader only. Each subscription is a group of its own; what it has handled
 * is noted in the store now and then, so that the next leader goes on from there.
 *
 * @module
 */
import { toAetherError } from "../../base/errors.ts";
import { type DeadMessage, type Delivery, Group, type Settlement } from "../../messaging/group.ts";
import type { PartitionLog } from "../../messaging/log.ts";
import { offsetAt } from "../../messaging/retention.ts";
import { backoffMs } from "../../policy/backoff.ts";
import { deliveryInput } from "../../protocol/messaging/delivery.ts";
import type { InternalOutcome } from "../../protocol/thread/internal_calls.ts";
import type {
  KnownPartition,
  KnownSubscription,
  OffsetCommit,
  SeekPosition,
  StoredOffset,
  SubscriptionFigures,
} from "../../protocol/thread/topics.ts";
import type { StorageHost } from "../service.ts";
import type { ControlLine } from "./control_line.ts";

const decoder = new TextDecoder();
const failedBackoff = { firstMs: 100, maxMs: 30_000 };
/** Nothing could take the message: it is nobody's fault, and may be over soon. */
const unreachedBackoff = { firstMs: 20, maxMs: 1_000 };
const retryMs = 500;
const buryRetryMs = 5_000;

interface Served {
  readonly subscription: KnownSubscription;
  readonly group: Group;
  committed: number | undefined;
}

/** What deliveries need. */
export interface DeliveriesOptions {
  readonly host: Pick<StorageHost, "clock" | "random" | "log" | "calls">;
  readonly control: Pick<ControlLine, "offsets" | "bury">;
  readonly log: PartitionLog;
  known(): KnownPartition;
}

/** Deliveries of one partition; see the module. */
export class Deliveries {
  readonly #options: DeliveriesOptions;
  readonly #served = new Map<string, Served>();
  #wanted: readonly KnownSubscription[] = [];
  #stored: ReadonlyMap<string, number> | undefined;
  #commit = 0;
  /** Grows whenever deliveries start or stop: what belongs to a former time is dropped. */
  #term = 0;
  #isLeading = false;
  #isWoken = false;
  #isPaused = false;
  readonly #underWay = new Set<Promise<void>>();

  constructor(options: DeliveriesOptions) {
    this.#options = options;
  }

  /** These subscribe to the topic now. */
  follow(wanted: readonly KnownSubscription[]): void {
    this.#wanted = wanted;
    this.#serve();
  }

  /** This node leads: finds out how far all are, and begins. */
  start(): void {
    this.stop();
    this.#isLeading = true;
    this.#isPaused = false;
    this.#load(this.#term);
  }

  /** This node does not lead any more. */
  stop(): void {
    this.#term++;
    this.#isLeading = false;
    this.#served.clear();
    this.#stored = undefined;
    this.#commit = 0;
  }

  /** Hands out nothing any more, until this node leads anew. */
  pause(): void {
    this.#isPaused = true;
  }

  /** Resolves when what is handed out now is answered. */
  async settled(): Promise<void> {
    await Promise.allSettled([...this.#underWay]);
  }

  /** More may be handed out. */
  onCommit(commit: number): void {
    this.#commit = commit;
    this.#serve();
    this.wake();
  }

  /** Hands out what is due, at the end of this turn. */
  wake(): void {
    if (this.#isWoken || this.#isPaused) return;
    this.#isWoken = true;
    queueMicrotask(() => {
      this.#isWoken = false;
      for (const served of this.#served.values()) this.#handOut(served);
    });
  }

  /** Everything before it is handled by all; where nobody subscribes, all that is committed. */
  handledEnd(): number {
    if (this.#stored === undefined) return this.#options.log.first;
    let end = this.#commit;
    for (const { group } of this.#served.values()) end = Math.min(end, group.next);
    return end;
  }

  /** Bytes of what somebody has not handled, roughly. */
  backlogBytes(): number {
    const { first, end, bytes } = this.#options.log;
    if (this.#served.size === 0) return 0;
    return bytes / Math.max(1, end - first) * (end - Math.max(first, this.handledEnd()));
  }

  /** What is to be noted in the store. */
  takeCommits(): OffsetCommit[] {
    const { topic, number, revision, options } = this.#options.known();
    const commits: OffsetCommit[] = [];
    // The next owner of a transient topic begins anew, with other offsets.
    if (options.durability === "transient") return commits;
    for (const { subscription: { contract, name }, group, committed } of this.#served.values()) {
      const { next } = group;
      if (next !== committed) commits.push({ topic, number, revision, contract, name, next });
    }
    return commits;
  }

  /** The store has noted it. */
  onCommitted(commits: readonly OffsetCommit[]): void {
    for (const { contract, name, next } of commits) {
      const served = this.#served.get(idOf({ contract, name }));
      if (served !== undefined) served.committed = next;
    }
  }

  /** Lets a subscription go on from another place; false when it is not served here. */
  seek(subscription: { readonly contract: string; readonly name: string }, to: SeekPosition) {
    const served = this.#served.get(idOf(subscription));
    if (served === undefined) return false;
    const { log } = this.#options;
    const wanted = to.kind === "oldest"
      ? log.first
      : to.kind === "newest"
      ? this.#commit
      : to.kind === "offset"
      ? to.offset
      : offsetAt(log, to.timeMs);
    served.group.seek(Math.max(log.first, Math.min(wanted, this.#commit)));
    this.wake();
    return true;
  }

  /** For people. */
  figures(): SubscriptionFigures[] {
    const { log, host } = this.#options;
    return [...this.#served.values()].map(({ subscription: { contract, name }, group }) => {
      const { next, underWay, counts } = group;
      const oldest = next < this.#commit ? log.read(next, 1)[0] : undefined;
      const isOld = oldest?.value !== undefined;
      return {
        contract,
        name,
        next,
        underWay,
        lag: group.lag(this.#commit),
        lagMs: isOld ? Math.max(0, host.clock.wallMs() - oldest.timeMs) : 0,
        ...counts,
      };
    });
  }

  async #load(term: number): Promise<void> {
    const { control, known, host } = this.#options;
    let offsets: StoredOffset[];
    try {
      offsets = await control.offsets(known());
    } catch {
      // Control is not there, or has no majority to ask.
      host.clock.setTimer(retryMs, () => {
        if (term === this.#term) this.#load(term);
      });
      return;
    }
    if (term !== this.#term) return;
    this.#stored = new Map(offsets.map((each) => [idOf(each), each.next]));
    this.#serve();
    this.wake();
  }

  /** Begins to serve new subscriptions, and forgets those that are none any more. */
  #serve(): void {
    const stored = this.#stored;
    // A leader that has just begun has committed its own mark at least.
    if (!this.#isLeading || stored === undefined || this.#commit === 0) return;
    const wanted = new Map(this.#wanted.map((each) => [idOf(each), each]));
    for (const id of this.#served.keys()) if (!wanted.has(id)) this.#served.delete(id);
    for (const [id, subscription] of wanted) {
      const known = this.#served.get(id);
      const isSame = known !== undefined &&
        JSON.stringify(known.subscription.options) === JSON.stringify(subscription.options);
      if (isSame) continue;
      const { log } = this.#options;
      const { options: { from, maxAttempts, concurrency } } = subscription;
      const isTransient = this.#options.known().options.durability === "transient";
      const begin = from === "oldest" ? log.first : this.#commit;
      const next = known?.group.next ?? (isTransient ? undefined : stored.get(id)) ?? begin;
      const group = new Group(Math.max(log.first, Math.min(next, log.end)), {
        maxAttempts,
        concurrency,
        waitMs: (kind, count) =>
          backoffMs(
            kind === "failed" ? failedBackoff : unreachedBackoff,
            count,
            this.#options.host.random.nextFloat(),
          ),
      });
      this.#served.set(id, { subscription, group, committed: stored.get(id) });
    }
    this.wake();
  }

  #handOut(served: Served): void {
    const { log, host } = this.#options;
    const read = (from: number, maxBytes: number) => log.read(from, maxBytes);
    for (const delivery of served.group.take(host.clock.monotonicMs(), this.#commit, read)) {
      const delivered: Promise<void> = this.#deliver(served, delivery, this.#term)
        .finally(() => this.#underWay.delete(delivered));
      this.#underWay.add(delivered);
    }
  }

  async #deliver(served: Served, delivery: Delivery, term: number): Promise<void> {
    const { host, known } = this.#options;
    const { contract, name, options } = served.subscription;
    const { offset, key, timeMs, value } = delivery.entry;
    const { topic, number } = known();
    const { attempt } = delivery;
    const input = deliveryInput(
      { topic, partition: number, offset, key, publishedAtMs: timeMs, attempt },
      decoder.decode(value),
    );
    const outcome = await host.calls.call({
      origin: "topic",
      contract,
      method: name,
      input,
      timeoutMs: options.timeoutMs,
    });
    if (term !== this.#term) return;
    const nowMs = host.clock.monotonicMs();
    const dead = served.group.settle(delivery, settlementOf(outcome), nowMs);
    if (dead !== undefined) this.#bury(served, dead, term);
    this.wake();
  }

  /** Makes a dead letter of a message; it is tried until there is room. */
  async #bury(served: Served, dead: DeadMessage, term: number): Promise<void> {
    const { host, control, known } = this.#options;
    const { contract, name } = served.subscription;
    const { entry, attempts, cause } = dead;
    const { topic, number } = known();
    const wallMs = (monotonicMs: number) =>
      Math.round(host.clock.wallMs() - host.clock.monotonicMs() + monotonicMs);
    try {
      await control.bury({
        source: {
          kind: "topic",
          topic,
          partition: number,
          offset: entry.offset,
          ...(entry.key === undefined ? {} : { key: entry.key }),
          publishedAtMs: entry.timeMs,
        },
        contract,
        method: name,
        cause,
        attempts,
        firstAttemptAtMs: wallMs(dead.firstAttemptAtMs),
        lastAttemptAtMs: wallMs(dead.lastAttemptAtMs),
        bytes: (entry.value ?? new Uint8Array()).toBase64(),
      });
    } catch (error) {
      if (term !== this.#term) return;
      host.log.warn("A message could not be made a dead letter; its key waits", {
        topic,
        partition: number,
        offset: entry.offset,
        reason: toAetherError(error).message,
      });
      host.clock.setTimer(buryRetryMs, () => {
        if (term === this.#term) this.#bury(served, dead, term);
      });
      return;
    }
    if (term !== this.#term) return;
    served.group.bury(dead);
    this.wake();
  }
}

function idOf({ contract, name }: { readonly contract: string; readonly name: string }): string {
  return `${contract}/${name}`;
}

function settlementOf(outcome: InternalOutcome): Settlement {
  switch (outcome.kind) {
    case "output":
      return { kind: "handled" };
    case "notExecuted":
      return { kind: "unreached" };
    default: {
      const { code, detail } = outcome.problem;
      return { kind: "failed", cause: { code, message: detail } };
    }
  }
}
