/**
 * One simulated node: what a real host does around the engine, with simulated time, network and
 * disk.
 *
 * It cuts batches, makes records durable, applies the log to the real store, answers its clients,
 * takes and transfers snapshots, and restarts after crashes.
 *
 * @module
 */
import { assert } from "../../src/base/assert.ts";
import { Engine } from "../../src/consensus/engine.ts";
import type { Configuration } from "../../src/consensus/quorum.ts";
import { engineDefaults, type Input, type Output } from "../../src/consensus/types.ts";
import { WeakMvc } from "../../src/consensus/slot/weak_mvc.ts";
import type { Header, LogEntry, Message } from "../../src/protocol/consensus/message.ts";
import type { Command, Transaction } from "../../src/protocol/store/command.ts";
import { Disk } from "./disk.ts";
import { exponential } from "./faults.ts";
import { type MembersChange, mix, Replica, type Snapshot } from "./replica.ts";
import { type Answer, Session } from "./session.ts";
import type { World } from "./world.ts";

/** A node's clock: it may drift and jump ahead, never back. */
interface Clock {
  baseMs: number;
  sinceMs: number;
  rate: number;
}

/** A simulated node. */
export class Host {
  readonly id: string;
  readonly number: number;
  readonly disk = new Disk();
  readonly #world: World;
  readonly #first: Configuration;
  readonly #clock: Clock = { baseMs: 0, sinceMs: 0, rate: 1 };
  /** Counts lives; 0 while it has never started. */
  life = 0;
  isUp = false;
  /** Whether it was removed and has stopped for good, or until it is added anew. */
  hasLeft = false;
  /** How much later messages arrive here. */
  extraMs = 0;
  /** Records that this life began with. */
  recovered = 0;
  engine!: Engine;
  replica!: Replica;
  #pausedUntilMs = 0;
  /** What waits for the end of a pause. */
  readonly #backlog: (() => void)[] = [];
  #session!: Session;
  #barriers = new Map<number, () => void>();
  #isSyncing = false;
  #persistSequence = 0;
  #isFetching = false;
  #lastSnapshot = 0;

  constructor(world: World, number: number, first: Configuration) {
    this.#world = world;
    this.number = number;
    this.id = `n${number}`;
    this.#first = first;
  }

  /** The node's own time. */
  get nowMs(): number {
    return this.#clock.baseMs + (this.#world.queue.nowMs - this.#clock.sinceMs) * this.#clock.rate;
  }

  /** Limits of its engine. */
  get windowSlots(): number {
    return this.#world.options.engine.window;
  }

  get waitingBatchesMax(): number {
    return this.#world.options.engine.waitingBatchesMax;
  }

  get slotBatchesMax(): number {
    return this.#world.options.engine.slotBatchesMax;
  }

  /** Whether commands of this node wait. */
  get isIdle(): boolean {
    return this.#session.isIdle && this.#barriers.size === 0;
  }

  /** Whether the node lacks something that it once knew or promised. */
  get isForgetful(): boolean {
    if (!this.isUp) return this.disk.isRejoining;
    return this.engine.nextSlot <= this.engine.abstainUpTo ||
      this.#world.options.durable && this.disk.isRejoining;
  }

  /** Slots before this one are known here whatever happens, except that the disk is lost. */
  get safeSlot(): number {
    if (this.#world.options.durable) return this.disk.snapshot?.firstSlot ?? 0;
    return this.isForgetful ? 0 : this.replica.nextSlot;
  }

  /** Starts a life, with what is on the disk. */
  start(): void {
    const { options, contents, coin } = this.#world;
    this.life++;
    this.#world.checkers.bounds.lives++;
    this.isUp = true;
    this.#session = new Session(this.id, this.life, options.load);
    const alpha = 2 * options.engine.window;
    this.replica = new Replica(contents, alpha, this.#first);
    const { snapshot } = this.disk;
    if (snapshot !== undefined) this.replica.restore(snapshot);
    this.#lastSnapshot = this.replica.nextSlot;
    const { slotBatchesMax, waitingBatchesMax, ...variation } = options.engine;
    const forgot = options.durable ? this.disk.isRejoining : this.life > 1;
    const records = this.disk.records();
    this.recovered = records.length;
    this.engine = new Engine({
      ...engineDefaults,
      ...variation,
      self: this.id,
      coin,
      protocol: (context) => new WeakMvc(context),
      durable: options.durable,
      slotLimits: { batchesMax: slotBatchesMax, bytesMax: 1_000 },
      batchLimits: { batchesMax: waitingBatchesMax, bytesMax: 1_000_000 },
    }, {
      firstSlot: this.replica.nextSlot,
      configurations: this.replica.configurations,
      records,
      ...(forgot ? { rejoinNonce: `${this.id}/${this.life}` } : {}),
    });
    this.#schedule();
    this.#beat();
    this.#handle({ type: "tick" });
  }

  /** Ends a life: what was not synced is lost, and in memory mode everything. */
  crash(wipes: boolean): void {
    if (!this.isUp) return;
    this.isUp = false;
    this.disk.crash(this.#world.random.disk);
    if (wipes || !this.#world.options.durable) this.disk.wipe();
    this.#barriers = new Map();
    this.#isSyncing = false;
    this.#persistSequence = 0;
    this.#isFetching = false;
    this.#session.forget();
  }

  /** Stops, since it was removed. */
  leave(): void {
    this.crash(false);
    this.hasLeft = true;
  }

  /** Starts again, since it was added anew. */
  comeBack(wipes: boolean): void {
    this.hasLeft = false;
    if (wipes) this.disk.wipe();
    this.start();
  }

  /** Stands still for a while; what arrives meanwhile waits. */
  pause(forMs: number): void {
    const { queue } = this.#world;
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, queue.nowMs + forMs);
    queue.after(forMs, () => {
      if (this.#pausedUntilMs <= queue.nowMs) this.resume();
    });
  }

  /** Goes on at once, with everything that has arrived. */
  resume(): void {
    this.#pausedUntilMs = 0;
    for (const run of this.#backlog.splice(0)) this.#world.queue.after(0, run);
  }

  /** Lets the clock jump ahead and run at another rate. */
  setClock(jumpMs: number, rate: number): void {
    this.#clock.baseMs = this.nowMs + jumpMs;
    this.#clock.sinceMs = this.#world.queue.nowMs;
    this.#clock.rate = rate;
  }

  /** Runs something in this life, after a pause if there is one. */
  later(delayMs: number, run: () => void): void {
    const { life } = this;
    const attempt = () => {
      if (this.life !== life || !this.isUp) return;
      if (this.#pausedUntilMs > this.#world.queue.nowMs) this.#backlog.push(attempt);
      else run();
    };
    this.#world.queue.after(delayMs, attempt);
  }

  /** Takes a message from the network. */
  receive(from: string, header: Header, message: Message | undefined): void {
    if (message === undefined) this.#handle({ type: "heard", from, header });
    else this.#handle({ type: "message", from, header, message });
  }

  /** Proposes a transaction of a client; answers the command it becomes. */
  propose(transaction: Transaction, answer: (answer: Answer) => void): Command {
    const command = this.#session.add(transaction, answer);
    this.later(0, () => this.#cut());
    return command;
  }

  /** Proposes a change of the members. */
  change(change: MembersChange): void {
    this.#session.change(change);
    this.#cut();
  }

  /** Calls back when the state holds every write that was acknowledged before now. */
  barrier(done: () => void): void {
    const id = this.#world.nextId();
    this.#barriers.set(id, done);
    this.#handle({ type: "barrier", id });
  }

  /** Tells the engine which nodes seem to be down. */
  suspect(nodes: ReadonlySet<string>): void {
    this.#handle({ type: "suspect", nodes });
  }

  #schedule(): void {
    const { tickMs, idleTickMs } = this.#world.options;
    const intervalMs = this.engine.isBusy ? tickMs : idleTickMs;
    this.later(intervalMs, () => {
      this.#handle({ type: "tick" });
      this.#schedule();
    });
  }

  #beat(): void {
    this.#world.network.send(this, "all", this.engine.header(false), undefined);
    this.later(this.#world.options.heartbeatMs, () => this.#beat());
  }

  #handle(input: Input): void {
    this.#step(input);
    this.#cut();
  }

  #step(input: Input): void {
    const { checkers } = this.#world;
    const outputs = this.engine.step(input, this.nowMs);
    checkers.stepped(this, input, outputs.length);
    const configurations: Configuration[] = [];
    for (const output of outputs) {
      const configuration = this.#carryOut(output);
      if (configuration !== undefined) configurations.push(configuration);
    }
    for (const configuration of configurations) {
      this.engine.step({ type: "configure", configuration }, this.nowMs);
    }
    this.#settle();
  }

  /** A node that lost its disk is as good as before once a snapshot covers what it forgot. */
  #settle(): void {
    if (!this.disk.isRejoining || this.replica.nextSlot <= this.engine.abstainUpTo) return;
    this.disk.keep(this.replica.snapshot());
    this.disk.isRejoining = false;
  }

  #carryOut(output: Output): Configuration | undefined {
    const { network, checkers } = this.#world;
    switch (output.type) {
      case "send":
        checkers.sent(this, output.message);
        network.send(this, output.to, this.engine.header(output.resent), output.message);
        return undefined;
      case "persist":
        this.disk.append(output.records);
        this.#persistSequence = output.sequence;
        this.#sync();
        return undefined;
      case "note":
        this.disk.append([output.record]);
        return undefined;
      case "apply":
        return this.#apply(output.entry);
      case "refused":
        // Certainly not proposed: a real client may try again, this one forgets it.
        this.#refused(output.digest);
        return undefined;
      case "needSnapshot":
        this.#fetchSnapshot(output.from);
        return undefined;
      case "barrierDone":
        this.#barriers.get(output.id)?.();
        this.#barriers.delete(output.id);
        return undefined;
      case "barrierRefused":
        this.#barriers.delete(output.id);
        return undefined;
      case "alarm":
        checkers.fail("alarm", `${this.id}: ${output.detail}`);
        return undefined;
    }
  }

  /** One sync at a time: what comes meanwhile shares the next one. */
  #sync(): void {
    if (this.#isSyncing) return;
    this.#isSyncing = true;
    const groups = this.disk.unsyncedGroups;
    const sequence = this.#persistSequence;
    const { options, random, queue } = this.#world;
    const { life } = this;
    const syncMs = options.syncMs * 0.8 + exponential(random.disk, options.syncMs * 0.2);
    queue.after(syncMs, () => {
      if (this.life !== life || !this.isUp) return;
      this.disk.synced(groups);
      this.later(0, () => {
        this.#isSyncing = false;
        if (this.#persistSequence > sequence) this.#sync();
        this.#handle({ type: "persisted", sequence });
      });
    });
  }

  #apply(entry: LogEntry): Configuration | undefined {
    const { executions, configuration } = this.replica.apply(entry);
    this.#world.checkers.applied(this, entry, executions);
    if (configuration !== undefined) this.#world.checkers.configured(this, configuration);
    for (const { digest } of entry.batches) this.#session.applied(digest);
    for (const { command, applied } of executions) {
      if (this.#session.executed(command, applied)) this.#world.checkers.acknowledged(entry.slot);
    }
    const { snapshotSlots, keptSlots } = this.#world.options;
    if (snapshotSlots > 0 && this.replica.nextSlot >= this.#lastSnapshot + snapshotSlots) {
      this.#lastSnapshot = this.replica.nextSlot;
      const snapshot = this.replica.snapshot();
      // Not within the step that applied the entry.
      this.later(this.#world.options.syncMs, () => {
        this.#keep(snapshot);
        const before = Math.min(snapshot.firstSlot, this.engine.nextSlot - keptSlots);
        this.#handle({ type: "compact", before });
      });
    }
    return configuration;
  }

  #keep(snapshot: Snapshot): void {
    if (snapshot.firstSlot < (this.disk.snapshot?.firstSlot ?? 0)) return;
    this.disk.keep(snapshot);
  }

  /** Makes batches of what waits while few are under way. */
  #cut(): void {
    for (;;) {
      const content = this.#session.cut();
      if (content === undefined) return;
      const id = this.#world.nextId();
      const digest = `${this.id}/${mix(0, id) >>> 0}.${id}`;
      this.#world.contents.set(digest, content);
      this.#session.submitted(digest);
      this.#step({ type: "submit", digest, payload: new Uint8Array(8) });
    }
  }

  #refused(digest: string): void {
    const content = this.#world.contents.get(digest);
    assert(content !== undefined, "Only submitted batches are refused");
    this.#session.refused(digest, content);
  }

  /** Gets the newest snapshot of another node. */
  #fetchSnapshot(from: string): void {
    if (this.#isFetching) return;
    this.#isFetching = true;
    const { network } = this.#world;
    const { delayMs, jitterMs } = this.#world.options.network;
    this.later(2 * (delayMs + jitterMs) + 1, () => {
      this.#isFetching = false;
      const peer = this.#world.hosts.find(({ id }) => id === from);
      if (peer?.isUp !== true || !network.isOpen(peer, this) || !network.isOpen(this, peer)) return;
      const { snapshot } = peer.disk;
      if (snapshot === undefined || snapshot.firstSlot <= this.replica.nextSlot) return;
      this.#restore(snapshot);
    });
  }

  #restore(snapshot: Snapshot): void {
    this.replica.restore(snapshot);
    this.#lastSnapshot = snapshot.firstSlot;
    this.#keep(snapshot);
    const { firstSlot, configurations } = snapshot;
    this.#world.checkers.restored(this, snapshot);
    this.#handle({ type: "restored", firstSlot, configurations });
    this.#session.forget();
  }
}
