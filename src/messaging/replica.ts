/**
 * {@link Replica}: one node's part in a partition; the leader's side of the replication.
 *
 * The cluster's leader names owners and an epoch. The named leader first fences a majority of the
 * former owners and takes over the best log among them, so that everything acknowledged is in it;
 * then it puts a mark of its own epoch there, and leads once that is on a majority and the store
 * says so. From then on what is on a majority of replicas is committed. It is Raft with another
 * way of choosing leaders: an entry counts as committed only below a mark or message of the
 * leader's own epoch.
 *
 * It does no IO: it asks through {@link ReplicaPorts}, is told answers, and is woken by `tick`.
 *
 * @module
 */
import { assert } from "../base/assert.ts";
import { followLeader, stateOf } from "./follower.ts";
import type { LogEntry } from "../protocol/messaging/entry.ts";
import type { PartitionLog } from "./log.ts";
import type { ReplicaReply, ReplicaRequest } from "../protocol/messaging/replica_codec.ts";
import { batchBytesMax } from "./log.ts";

const repeatMs = 200;
const heartbeatMs = 500;

/** Who owns the partition now. */
export interface Ownership {
  readonly epoch: number;
  readonly leader: string | null;
  readonly life: string;
  readonly replicas: readonly string[];
  readonly former: readonly string[];
  /** Epoch in which the store says that all is settled; 0 when it never was. */
  readonly settledEpoch: number;
}

/** What a replica needs done. */
export interface ReplicaPorts {
  /** Asks another replica; its answer comes to `onReply`, or `onLost` is called. */
  ask(node: string, request: ReplicaRequest): void;
  /** Says to the store that this epoch is settled. */
  settle(epoch: number): void;
  /** More is committed. */
  onCommit(commit: number): void;
  /** It leads from now on. */
  onLead(): void;
  /** It does not lead any more; what is not committed may be lost. */
  onDepose(): void;
}

/** Options of {@link Replica}. */
export interface ReplicaOptions {
  readonly node: string;
  /** This life of the node's storage. */
  readonly life: string;
  readonly log: PartitionLog;
  /** Whether only durable entries count. */
  readonly isSynced: boolean;
  readonly ports: ReplicaPorts;
}

/** How far another replica is. */
interface Progress {
  next: number;
  match: number;
  askedAtMs: number | undefined;
  toldAtMs: number;
}

type State = "follower" | "recovering" | "fetching" | "settling" | "leading";

/** One node's part in one partition; see the module. */
export class Replica {
  readonly #options: ReplicaOptions;
  #ownership: Ownership | undefined;
  #state: State = "follower";
  #nowMs = 0;
  /** While recovering: what others have, and when they were asked. */
  readonly #states = new Map<string, Extract<ReplicaReply, { kind: "state" }>>();
  readonly #askedAtMs = new Map<string, number>();
  #source: { readonly node: string; readonly end: number } | undefined;
  /** While settling and leading. */
  readonly #progress = new Map<string, Progress>();
  #mark = 0;
  #commit = 0;
  #settledAtMs = -Infinity;

  constructor(options: ReplicaOptions) {
    this.#options = options;
  }

  /** Whether it takes messages. */
  get isLeading(): boolean {
    return this.#state === "leading";
  }

  get epoch(): number {
    return this.#ownership?.epoch ?? 0;
  }

  /** Everything before it is on a majority; only the leader knows. */
  get commit(): number {
    return this.#commit;
  }

  /** For people. */
  get state(): State {
    return this.#state;
  }

  /** The store says who owns the partition. */
  own(ownership: Ownership, nowMs: number): void {
    this.#nowMs = nowMs;
    const isNew = ownership.epoch > this.epoch;
    if (ownership.epoch < this.epoch) return;
    this.#ownership = ownership;
    if (isNew) {
      this.#step("follower");
      const { node, life, log } = this.#options;
      if (ownership.leader !== node || ownership.life !== life) return;
      if (log.promised > ownership.epoch) return;
      this.#recover();
    } else if (this.#state === "settling" && ownership.settledEpoch === ownership.epoch) {
      this.#step("leading");
      this.#advance();
    }
  }

  /** Answers another replica's question; see {@link followLeader}. */
  answer(request: ReplicaRequest): ReplicaReply {
    const reply = followLeader(this.#options.log, request);
    if (request.epoch > this.epoch && reply.kind !== "stale") this.#step("follower");
    return reply;
  }

  /** Adds messages; answers their offsets. Only while it leads. */
  publish(messages: readonly Pick<LogEntry, "key" | "value" | "timeMs">[]): number {
    assert(this.isLeading, "Only the leader takes messages");
    const { log } = this.#options;
    const from = log.end;
    const { epoch } = this;
    log.append(messages.map((message, index) => ({ ...message, epoch, offset: from + index })));
    this.#pump();
    this.#advance();
    return from;
  }

  /** More of the own log is durable. */
  onDurable(): void {
    if (this.#state === "settling" || this.isLeading) this.#advance();
  }

  /** Another replica has answered. */
  onReply(node: string, request: ReplicaRequest, reply: ReplicaReply, nowMs: number): void {
    this.#nowMs = nowMs;
    if (request.epoch !== this.epoch || this.#state === "follower") return;
    if (reply.kind === "stale") {
      this.#step("follower");
      return;
    }
    if (request.kind === "recover" && reply.kind === "state") this.#onState(node, reply);
    else if (request.kind === "fetch") this.#onFetched(node, reply);
    else if (request.kind === "append") this.#onAppended(node, request, reply);
  }

  /** A question was not answered. */
  onLost(node: string, request: ReplicaRequest): void {
    if (request.epoch !== this.epoch) return;
    const progress = this.#progress.get(node);
    // Asked again with the next tick, not at once: the node may be gone.
    if (request.kind === "append" && progress !== undefined) progress.askedAtMs = undefined;
  }

  /** Repeats what was not answered; call it every 50 ms or so. */
  tick(nowMs: number): void {
    this.#nowMs = nowMs;
    switch (this.#state) {
      case "recovering":
        this.#askStates();
        break;
      case "fetching":
        if (nowMs - (this.#askedAtMs.get("") ?? 0) >= repeatMs * 5) this.#recover();
        break;
      case "settling":
        this.#advance();
        this.#pump(true);
        break;
      case "leading":
        this.#pump(true);
        break;
    }
  }

  #step(state: State): void {
    const was = this.#state;
    this.#state = state;
    if (state === "follower") {
      this.#states.clear();
      this.#progress.clear();
      this.#commit = 0;
    }
    if (was === "leading" && state !== "leading") this.#options.ports.onDepose();
    if (state === "leading" && was !== "leading") this.#options.ports.onLead();
  }

  #recover(): void {
    const { log, node } = this.#options;
    log.promise(this.epoch);
    this.#states.clear();
    this.#askedAtMs.clear();
    this.#step("recovering");
    if (this.#voters.includes(node)) this.#onState(node, stateOf(log));
    this.#askStates();
  }

  /** Those of whom a majority has everything that was acknowledged. */
  get #voters(): readonly string[] {
    const { former = [], replicas = [] } = this.#ownership ?? {};
    return former.length > 0 ? former : replicas;
  }

  #askStates(): void {
    if (this.#state !== "recovering") return;
    for (const voter of this.#voters) {
      if (this.#states.has(voter) || voter === this.#options.node) continue;
      if (this.#nowMs - (this.#askedAtMs.get(voter) ?? -Infinity) < repeatMs) continue;
      this.#askedAtMs.set(voter, this.#nowMs);
      this.#options.ports.ask(voter, { kind: "recover", epoch: this.epoch });
    }
  }

  #onState(node: string, state: Extract<ReplicaReply, { kind: "state" }>): void {
    if (this.#state !== "recovering") return;
    this.#states.set(node, state);
    const voters = this.#voters;
    const heard = voters.filter((voter) => this.#states.has(voter));
    const isFresh = this.#ownership?.settledEpoch === 0;
    // Who is blank may have forgotten; only when nobody is left to be asked is that all there is.
    const counted = heard.filter((voter) => isFresh || !this.#states.get(voter)?.isBlank);
    if (counted.length <= voters.length / 2 && heard.length < voters.length) return;
    let best = heard[0] as string; // at least one was heard
    for (const voter of heard) if (this.#isBetter(voter, best)) best = voter;
    const own = this.#states.get(this.#options.node);
    if (own !== undefined && !this.#isBetter(best, this.#options.node)) {
      this.#lead();
      return;
    }
    this.#source = { node: best, end: this.#states.get(best)?.end ?? 0 };
    this.#step("fetching");
    this.#fetch();
  }

  #isBetter(one: string, other: string): boolean {
    const [a, b] = [this.#states.get(one), this.#states.get(other)];
    if (a === undefined || b === undefined) return a !== undefined;
    return a.lastEpoch > b.lastEpoch || (a.lastEpoch === b.lastEpoch && a.end > b.end);
  }

  #fetch(): void {
    const { log, ports } = this.#options;
    const source = this.#source;
    if (source === undefined) return;
    this.#askedAtMs.set("", this.#nowMs);
    const from = log.end;
    const formerEpoch = log.epochAt(from - 1);
    ports.ask(source.node, { kind: "fetch", epoch: this.epoch, from, formerEpoch });
  }

  #onFetched(node: string, reply: ReplicaReply): void {
    const { log } = this.#options;
    const source = this.#source;
    if (this.#state !== "fetching" || source?.node !== node) return;
    if (reply.kind === "mismatch") log.truncate(Math.max(log.first, Math.min(reply.end, log.end)));
    else if (reply.kind === "entries") {
      if (reply.first > log.end) log.reset(reply.first);
      log.append(reply.entries.filter(({ offset }) => offset >= log.end));
      if (log.end >= source.end) {
        this.#lead();
        return;
      }
    }
    this.#fetch();
  }

  /** It has everything: its own mark comes next. */
  #lead(): void {
    const { log, node } = this.#options;
    this.#step("settling");
    this.#mark = log.end;
    log.append([{
      offset: log.end,
      epoch: this.epoch,
      timeMs: 0,
      key: undefined,
      value: undefined,
    }]);
    log.fill();
    this.#progress.clear();
    for (const replica of this.#ownership?.replicas ?? []) {
      if (replica === node) continue;
      const progress = { next: this.#mark, match: 0, askedAtMs: undefined, toldAtMs: -Infinity };
      this.#progress.set(replica, progress);
    }
    this.#settledAtMs = -Infinity;
    this.#pump();
    this.#advance();
  }

  /** Sends others what they lack; with `isTick` also a sign of life. */
  #pump(isTick = false): void {
    for (const [node, progress] of this.#progress) this.#send(node, progress, isTick);
  }

  #send(node: string, progress: Progress, isTick: boolean): void {
    const { log, ports } = this.#options;
    if (progress.askedAtMs !== undefined) {
      // The driver says what is lost; this is for one that forgot.
      if (this.#nowMs - progress.askedAtMs < repeatMs * 50) return;
    }
    const isBehind = progress.next < log.end;
    const isDue = isTick && this.#nowMs - progress.toldAtMs >= heartbeatMs;
    if (!isBehind && !isDue) return;
    const from = Math.max(progress.next, log.first);
    const entries = isBehind ? log.read(from, batchBytesMax) : [];
    progress.askedAtMs = this.#nowMs;
    progress.toldAtMs = this.#nowMs;
    ports.ask(node, {
      kind: "append",
      epoch: this.epoch,
      from,
      formerEpoch: log.epochAt(from - 1),
      entries,
      commit: this.#commit,
      first: log.first,
    });
  }

  #onAppended(
    node: string,
    request: Extract<ReplicaRequest, { kind: "append" }>,
    reply: ReplicaReply,
  ): void {
    const progress = this.#progress.get(node);
    if (progress === undefined) return;
    progress.askedAtMs = undefined;
    if (reply.kind === "kept") {
      progress.match = Math.max(progress.match, reply.end);
      progress.next = reply.end;
      this.#advance();
    } else if (reply.kind === "mismatch") {
      progress.next = Math.max(this.#options.log.first, Math.min(reply.end, request.from - 1));
      // A replica that lost what it had must not count with it.
      progress.match = Math.min(progress.match, progress.next);
    }
    this.#send(node, progress, false);
  }

  /** Finds out what a majority has. */
  #advance(): void {
    const { log, isSynced, ports, node } = this.#options;
    const replicas = this.#ownership?.replicas ?? [];
    const own = isSynced ? log.durableEnd : log.end;
    const ends = replicas.map((each) => each === node ? own : this.#progress.get(each)?.match ?? 0);
    const common = ends.sort((a, b) => b - a)[Math.floor(replicas.length / 2)] ?? 0;
    if (common <= this.#mark) return;
    if (this.#state === "settling") {
      if (this.#nowMs - this.#settledAtMs < heartbeatMs) return;
      this.#settledAtMs = this.#nowMs;
      ports.settle(this.epoch);
    } else if (this.isLeading && common > this.#commit) {
      this.#commit = common;
      ports.onCommit(common);
    }
  }
}
