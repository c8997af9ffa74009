/**
 * The replicated store of a node: the log of the cluster applied to the state.
 *
 * Writes are proposed in batches and answered when they are applied here; reads wait for a barrier,
 * so that they see every write acknowledged before. A node that is alone is the same with one
 * voter.
 *
 * @module
 */
import { setImmediate } from "node:timers";
import type { Clock } from "../../base/clock.ts";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Random } from "../../base/random.ts";
import type { Configuration } from "../../consensus/quorum.ts";
import { engineDefaults } from "../../consensus/types.ts";
import { WeakMvc } from "../../consensus/slot/weak_mvc.ts";
import type { DataDirectory } from "../../io/log/data_directory.ts";
import type { Header, LogEntry, Message } from "../../protocol/consensus/message.ts";
import { configurationKey, isChosenKey, keys } from "../../protocol/keys.ts";
import {
  type Applied,
  checkTransaction,
  type Transaction,
  type Writer,
} from "../../protocol/store/command.ts";
import type { Logger } from "../../sdk/logger.ts";
import { History } from "../../store/history.ts";
import { noQuorum, outcomeError } from "../../store/outcome_error.ts";
import { type StoreChange, StoreState } from "../../store/state.ts";
import { clusterCoin, ConsensusHost, consensusRecord } from "./consensus_host.ts";
import { encodeSnapshot, type Genesis } from "./genesis.ts";
import type { PeerLinks } from "./peer_links.ts";
import { decodeBatch, Proposals } from "./proposals.ts";
import { abstention, firstRecords, type NodeRecord, type RecoveredNode } from "./recovery.ts";
import { RevisionWaits } from "./revision_waits.ts";

/** Applied slots that are kept for nodes that were away for a moment. */
const slotsKept = 2_000;
/** Configurations take effect two windows after the slot that decided them. */
const configurationDelay = 2 * engineDefaults.window;
/** Times that a write is tried in the name of a life that a former one turns out to precede. */
const livesMax = 3;

/** What a store needs. */
export interface ReplicatedStoreOptions {
  readonly node: string;
  readonly genesis: Genesis;
  readonly recovered: RecoveredNode;
  /** Undefined: everything is lost with the process. */
  readonly data: DataDirectory | undefined;
  readonly links: PeerLinks | undefined;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Logger;
  readonly maxBytes: number;
  readonly snapshotEveryBytes: number;
  /** Past changes that are kept for watches. */
  readonly historyRevisions: number;
  /** Set when the node may have voted in a life that it forgot. */
  readonly rejoinNonce?: string;
  /** A peer has what is missing only as a snapshot. */
  onNeedSnapshot(from: string): void;
  /** The disk failed: the node must stop, since it cannot know what is durable. */
  onFailure(error: AetherError): void;
}

/** Called after each change, in order. */
export type ChangeListener = (change: StoreChange) => void;

/** The store of this node. */
export class ReplicatedStore {
  readonly state: StoreState;
  /** The last changes, for watches. */
  readonly history: History;
  readonly #options: ReplicatedStoreOptions;
  readonly #host: ConsensusHost;
  readonly #proposals: Proposals;
  readonly #listeners = new Map<ChangeListener, "all" | "system">();
  readonly #waits: RevisionWaits;
  #barrier: Promise<void> | undefined;
  #appliedBytes = 0;
  #saving: Promise<void> = Promise.resolve();
  #isSaving = false;
  #hasQuorum = true;
  /** Whether a write of this life was applied: from then on no other process may use the id. */
  #isEstablished = false;
  #isAbstaining: boolean;
  /** Whether an installed snapshot is not durable yet. */
  #isInstalling = false;
  #isEnded = false;

  constructor(options: ReplicatedStoreOptions) {
    const { node, genesis, recovered, data, links, clock, random, log } = options;
    this.#options = options;
    this.state = new StoreState({ maxBytes: options.maxBytes });
    if (recovered.state !== undefined) this.state.restore(recovered.state);
    for (const command of recovered.commands) this.state.apply(command);
    this.history = new History({ revisions: options.historyRevisions }, this.state.revision);
    this.#waits = new RevisionWaits(clock);
    this.#host = new ConsensusHost({
      engine: {
        ...engineDefaults,
        self: node,
        coin: clusterCoin(genesis.cluster),
        protocol: (context) => new WeakMvc(context),
        durable: data !== undefined,
      },
      start: {
        firstSlot: recovered.firstSlot,
        configurations: recovered.configurations,
        records: recovered.records,
        ...(options.rejoinNonce === undefined ? {} : { rejoinNonce: options.rejoinNonce }),
      },
      data,
      links,
      clock,
      log,
      // Answers to a former life's questions may still be under way.
      firstBarrier: random.nextUint32() * 2 ** 16,
      onApply: (entry) => this.#apply(entry),
      onRefused: (digest) => this.#proposals.onRefused(digest),
      onNeedSnapshot: options.onNeedSnapshot,
      onFailure: (error) => this.#fail(error),
    });
    this.#isAbstaining = options.rejoinNonce !== undefined;
    this.#proposals = new Proposals({
      node,
      // Two lives never share one.
      incarnation: clock.wallMs() * 1_024 + random.nextBelow(1_024),
      submit: (payload) => this.#host.submit(payload),
    });
  }

  /** Whether acknowledged writes survive the process. */
  get durable(): boolean {
    return this.#options.data !== undefined;
  }

  /**
   * Number of this life of the node; greater than that of any former one. It is raised when the log
   * shows that the clock was set back in between.
   */
  get incarnation(): number {
    return this.#proposals.incarnation;
  }

  /**
   * Whether the node came back without memory and does not vote yet. Until then, the cluster
   * tolerates one node less that is down.
   */
  get isAbstaining(): boolean {
    return this.#isAbstaining;
  }

  /** Slots that were decided in all, and those without any batch in this life. */
  get slots(): { readonly decided: number; readonly empty: number } {
    return { decided: this.nextSlot, empty: this.#host.emptySlots };
  }

  /** Number of decided and applied slots. */
  get nextSlot(): number {
    return this.#host.engine.nextSlot;
  }

  /** The configurations that are in force or will be. */
  get configurations(): readonly Configuration[] {
    return this.#host.engine.configurations;
  }

  /** Ids of the voters at present. */
  get voters(): readonly string[] {
    const { nextSlot, configurations } = this;
    return (configurations.findLast(({ from }) => from <= nextSlot) ?? configurations[0])
      ?.members ?? [];
  }

  /** Starts consensus; what the log holds is applied before this returns. */
  start(): void {
    const { data, genesis, recovered } = this.#options;
    if (data !== undefined && !recovered.hasGenesis) {
      for (const { type, body } of firstRecords(genesis, false)) data.log.append(type, body);
    }
    this.#checkLife(this.state.incarnationOf(this.#options.node));
    this.#host.start();
  }

  /** How many slots the others have applied that this node has not, as far as it knows. */
  get slotsBehind(): number {
    return this.#host.slotsBehind;
  }

  /** A consensus message of a peer. */
  receive(from: string, header: Header, message: Message): void {
    this.#host.receive(from, header, message);
  }

  /** What this node has decided, for heartbeats. */
  header(): Header {
    return this.#host.engine.header(false);
  }

  /** A peer is alive and has decided this much. */
  heard(from: string, header: Header): void {
    this.#host.heard(from, header);
  }

  /** Nodes that seem to be down. */
  suspect(nodes: ReadonlySet<string>): void {
    this.#host.step({ type: "suspect", nodes });
  }

  /** Whether a majority seems to be there; without it, writes are refused at once. */
  setQuorum(hasQuorum: boolean): void {
    this.#hasQuorum = hasQuorum;
    if (hasQuorum) return;
    // What was submitted may still be decided; the rest need not wait for that.
    this.#proposals.refuseQueued(noQuorum());
    this.#host.refuseBarriers(noQuorum());
  }

  /** Calls the listener after each change, or each of keys that no user or slice chooses. */
  onChange(listener: ChangeListener, scope: "all" | "system" = "all"): () => void {
    this.#listeners.set(listener, scope);
    return () => this.#listeners.delete(listener);
  }

  /**
   * Proposes a transaction; resolves when it is decided, durable and applied here.
   *
   * @throws {AetherError} NOT_PROPOSED or STORE_FULL: certainly not done. OUTCOME_UNKNOWN: it may
   *   have been done. FORBIDDEN when the writer may not write one of the keys. Errors of
   *   `checkTransaction`.
   */
  async propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    checkTransaction(transaction);
    if (!this.#hasQuorum) throw noQuorum();
    let applied = await this.#proposals.propose(writer, transaction);
    for (let life = 1; applied.outcome === "stale" && life < livesMax; life++) {
      // A former life had a greater number: nothing was done, unless another process took over.
      if (this.#isEstablished) break;
      applied = await this.#proposals.propose(writer, transaction);
    }
    const size = { bytes: this.state.bytes, maxBytes: this.#options.maxBytes };
    const error = outcomeError(applied.outcome, { writer, ...size });
    if (error !== undefined) throw error;
    return applied;
  }

  /** Resolves when a read of the state sees every write acknowledged before the call. */
  readBarrier(): Promise<void> {
    if (!this.#hasQuorum) return Promise.reject(noQuorum());
    // Reads of one turn share a barrier, which starts after all of them have been asked for.
    return this.#barrier ??= new Promise((resolve) => {
      setImmediate(() => {
        this.#barrier = undefined;
        resolve(this.#host.barrier());
      });
    });
  }

  /**
   * Resolves when everything up to a revision is applied here, which needs no quorum.
   *
   * @throws {AetherError} TIMEOUT when that takes longer.
   */
  async waitFor(revision: number, timeoutMs: number): Promise<void> {
    if (this.state.revision < revision) await this.#waits.wait(revision, timeoutMs);
  }

  /** The whole state with its place in the log. */
  snapshot(): { readonly slot: number; readonly bytes: Uint8Array<ArrayBuffer> } {
    const { nextSlot } = this;
    const bytes = encodeSnapshot({
      genesis: this.#options.genesis,
      nextSlot,
      configurations: this.configurations,
      state: this.state.snapshot(),
    });
    return { slot: nextSlot, bytes };
  }

  /** Replaces the state by a newer one of a peer; answers whether it was newer. */
  async install(
    nextSlot: number,
    configurations: readonly Configuration[],
    state: Uint8Array,
  ): Promise<boolean> {
    if (nextSlot <= this.nextSlot) return false;
    const change = this.state.replace(state);
    // The difference is no history: who watches has to look at everything again.
    this.history.reset(change.revision);
    this.#checkLife(this.state.incarnationOf(this.#options.node));
    // Before the step, in which slots after the snapshot may be applied.
    this.#notify(change);
    this.#host.step({ type: "restored", firstSlot: nextSlot, configurations });
    this.#isInstalling = true;
    await this.#save();
    this.#isInstalling = false;
    this.#endAbstention();
    return true;
  }

  /** Makes durable what is applied here; answers the first slot that is not. */
  persist(): Promise<number> {
    const { nextSlot } = this;
    return Promise.all([this.#saving, this.#options.data?.log.sync()]).then(() => nextSlot);
  }

  /** Waits for what is being saved and stops. */
  async close(): Promise<void> {
    this.#isEnded = true;
    this.#proposals.close();
    this.#host.close();
    await this.#saving;
    await this.#options.data?.close();
  }

  #apply(entry: LogEntry): void {
    for (const { digest, payload } of entry.batches) {
      this.#applyBatch(payload, entry.slot);
      this.#proposals.onDecided(digest);
      this.#appliedBytes += payload.length;
    }
    this.#endAbstention();
    if (this.#appliedBytes >= this.#options.snapshotEveryBytes) this.#compact();
  }

  /** The slots in which a forgotten life may have taken part are over. */
  #endAbstention(): void {
    const { nextSlot, abstainUpTo } = this.#host.engine;
    // A snapshot that is not durable may be lost, and with it what those slots have decided.
    if (!this.#isAbstaining || this.#isInstalling || this.#isEnded) return;
    if (nextSlot <= abstainUpTo) return;
    this.#isAbstaining = false;
    const { type, body } = abstention(false);
    this.#options.data?.log.append(type, body);
  }

  /** Somebody has written in the name of this node, in a life with this number. */
  #checkLife(incarnation: number): void {
    if (incarnation <= this.incarnation) return;
    if (!this.#isEstablished) {
      this.#proposals.incarnation = incarnation + 1 + this.#options.random.nextBelow(1_024);
      return;
    }
    this.#fail(
      new AetherError(
        "NODE_ID_TAKEN",
        `Another process has taken over as node "${this.#options.node}" of this cluster`,
      ),
    );
  }

  #fail(error: AetherError): void {
    if (this.#isEnded) return;
    this.#isEnded = true;
    this.#host.close();
    this.#options.onFailure(error);
  }

  #applyBatch(payload: Uint8Array, slot: number): void {
    for (const command of decodeBatch(payload)) {
      const { applied, change } = this.state.apply(command);
      if (change !== undefined) {
        this.history.add(change);
        this.#configure(change, slot);
        this.#notify(change);
      }
      if (command.node !== this.#options.node) continue;
      this.#checkLife(command.incarnation);
      const { incarnation } = this;
      this.#isEstablished ||= command.incarnation === incarnation && applied.outcome !== "stale";
      this.#proposals.onApplied(command, applied);
    }
  }

  #notify(change: StoreChange): void {
    this.#waits.reached(change.revision);
    const isOfSystem = change.events.some(({ key }) => !isChosenKey(key));
    for (const [listener, scope] of this.#listeners) {
      if (scope === "system" && !isOfSystem) continue;
      try {
        listener(change);
      } catch (error) {
        // A listener's failure must not keep the log from being applied.
        this.#options.log.error("A listener of the store failed", { error: String(error) });
      }
    }
  }

  /** A change of the voters takes effect a fixed number of slots later. */
  #configure(change: StoreChange, slot: number): void {
    for (const { key, entry } of change.events) {
      if (key !== configurationKey || entry === undefined) continue;
      const { voters } = keys.cluster.decode(key, entry.value);
      const configuration = { from: slot + configurationDelay, members: [...voters].sort() };
      this.#host.step({ type: "configure", configuration });
    }
  }

  #compact(): void {
    this.#appliedBytes = 0;
    if (this.#isSaving) return;
    this.#isSaving = true;
    // Not inside a step of the engine: the snapshot belongs between two slots.
    setImmediate(() => this.#save().finally(() => this.#isSaving = false));
  }

  /** Saves one snapshot after the other. */
  #save(): Promise<void> {
    return this.#saving = this.#saving.then(() => this.#saveSnapshot());
  }

  async #saveSnapshot(): Promise<void> {
    if (this.#isEnded) return;
    const { data } = this.#options;
    const { slot, bytes } = this.snapshot();
    const before = Math.max(0, slot - slotsKept);
    if (data === undefined) return this.#host.step({ type: "compact", before });
    try {
      const bodies = this.#host.liveRecords();
      const live = bodies.map((body): NodeRecord => ({ type: consensusRecord, body }));
      if (this.#isAbstaining) live.push(abstention(true));
      for (const { type, body } of live) data.log.append(type, body);
      // The records before these are covered by the snapshot; these are not.
      const index = data.log.nextIndex - live.length - 1;
      await data.saveSnapshot({ index, body: bytes });
      this.#host.step({ type: "compact", before });
    } catch (error) {
      this.#fail(toAetherError(error));
    }
  }
}
