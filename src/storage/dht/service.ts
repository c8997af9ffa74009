/**
 * The DHT in the storage thread: opens the node's store, runs its machine, follows the view that
 * control passes on, scrubs in the background and tells operators how it is doing.
 *
 * @module
 */
import type { Timer } from "../../base/clock.ts";
import { DhtMachine } from "../../dht/machine.ts";
import { dhtDefaults, type DhtNote } from "../../dht/types.ts";
import { type ScopeName, scopeNames } from "../../protocol/dht/scope.ts";
import {
  type DhtLocationView,
  type DhtMembership,
  type DhtNode,
  type DhtRepair,
  type DhtStatusView,
  dhtTopics,
  type Holding,
  holdings,
} from "../../protocol/storage/dht.ts";
import type { StorageTopology } from "../../protocol/thread/storage.ts";
import type { StorageHost, StorageService } from "../service.ts";
import { DhtDriver } from "./driver.ts";
import type { EntryStore } from "./entry_store.ts";
import { isChunk } from "./is_chunk.ts";
import { openEntryStore } from "./open_store.ts";

const askTimeoutMs = 2_000;
/** The scrubber reads so much, then lets everything else go on. */
const scrubStepBytes = 1024 * 1024;
const scrubPauseMs = 250;
/** Between two passes over everything. */
const scrubRestMs = 10 * 60_000;
const lifeMax = 2 ** 20;

/** The node's part of the DHT. */
export class DhtService implements StorageService {
  readonly dht: DhtDriver;
  readonly store: EntryStore;
  readonly #host: StorageHost;
  readonly #machine: DhtMachine;
  #settled = 0;
  #scrub: Timer | undefined;
  #scrubPasses = 0;
  #damagedFound = 0;
  /** An operator wants everything scrubbed now. */
  #isHurried = false;

  constructor(host: StorageHost) {
    const { node, random, clock, log, peers } = host;
    this.#host = host;
    this.store = openEntryStore(host.config(), random, log);
    const { name, revision } = this.store;
    const life = Math.floor(random.nextFloat() * lifeMax);
    const start = { self: node, storage: name, revision, life, seed: random.bytes(8).toHex() };
    this.#machine = new DhtMachine(start, { ...dhtDefaults, isChunk });
    this.dht = new DhtDriver({
      machine: this.#machine,
      store: this.store,
      peers,
      clock,
      onSettled: (settled) => this.#tellSettled(settled),
      onNote: (note) => this.#note(note),
    });
    const give = this.store.onDamaged;
    this.store.onDamaged = (entry) => {
      this.#damagedFound++;
      log.warn("An entry of the DHT is damaged; it is fetched from another node", { ...entry });
      give(entry);
    };
    host.lines.control.onConnect(() => this.#tellMembership());
    this.#serve();
    this.#scheduleScrub(scrubPauseMs);
  }

  onTopology({ view, members }: StorageTopology): void {
    if (view !== undefined) this.dht.give({ type: "view", view });
    const down = members.filter(({ isAlive }) => !isAlive).map(({ id }) => id);
    this.dht.give({ type: "down", nodes: new Set(down) });
  }

  /** Nodes that own a key now; empty before the members are known. */
  owners(scope: ScopeName, key: string): readonly string[] {
    return this.#machine.locate(scope, key)?.owners ?? [];
  }

  /** How nodes hold keys: by node, in the order of the keys. */
  async holdings(
    node: string,
    scope: ScopeName,
    keys: readonly string[],
  ): Promise<readonly Holding[]> {
    if (node === this.#host.node) return keys.map((key) => this.#holding(scope, key));
    try {
      const body = new TextEncoder().encode(JSON.stringify({ scope, keys }));
      const answer = await this.#host.peers.ask(node, "dht.holds", body, 5 * askTimeoutMs);
      return Array.from(answer, (index) => holdings[index] ?? "silent");
    } catch {
      return keys.map(() => "silent");
    }
  }

  // deno-lint-ignore require-await -- closing is async for services whose files are
  async close(): Promise<void> {
    this.#scrub?.cancel();
    this.dht.close();
    this.store.close();
  }

  #serve(): void {
    const { lines: { control }, peers } = this.#host;
    control.handle(dhtTopics.status, () => this.#status());
    control.handle(
      dhtTopics.locate,
      ({ scope, key }: { scope: ScopeName; key: string }) => this.#locate(scope, key),
    );
    control.handle(dhtTopics.repair, () => this.#repairAll());
    peers.handle(dhtTopics.status, () => encode(this.#self()));
    peers.handle(dhtTopics.repair, () => {
      this.#repair();
      return new Uint8Array();
    });
    peers.handle("dht.holds", (body) => {
      const { scope, keys } = decode(body) as { scope: ScopeName; keys: string[] };
      return Uint8Array.from(keys, (key) => holdings.indexOf(this.#holding(scope, key)));
    });
  }

  #holding(scope: ScopeName, key: string): Holding {
    const [reply] = this.store.handle([{ op: "read", scope, key }]);
    if (reply?.op !== "read") return "damaged";
    if (reply.entry === undefined) return "absent";
    return reply.entry.value === undefined ? "removed" : "present";
  }

  #self(): DhtNode {
    const { node } = this.#host;
    const status = this.#machine.status();
    return {
      node,
      storage: this.store.name,
      isDurable: this.#host.config().node.dataDir !== undefined,
      revision: status.revision,
      scopes: scopeNames.map((scope) => ({ scope, ...this.store.usage(scope) })),
      transition: status.transition,
      syncs: status.syncs,
      fetched: status.fetched,
      collected: status.collected,
      operations: status.operations,
      serving: status.serving,
      scrubPasses: this.#scrubPasses,
      damagedFound: this.#damagedFound,
    };
  }

  async #status(): Promise<DhtStatusView> {
    const status = this.#machine.status();
    const { answers, silent } = await this.#askAll(dhtTopics.status);
    const shares = status.shares?.chunks ?? [];
    return {
      revision: status.revision,
      isOpen: status.isOpen,
      partitions: status.partitions,
      members: [...status.members],
      next: [...status.next],
      shares: shares.map(({ node, partitions, first }) => ({ node, partitions, first })),
      nodes: [this.#self(), ...answers.map(({ body }) => decode(body) as DhtNode)]
        .sort((a, b) => a.node < b.node ? -1 : 1),
      silent,
    };
  }

  async #locate(scope: ScopeName, key: string): Promise<DhtLocationView | undefined> {
    const location = this.#machine.locate(scope, key);
    if (location === undefined) return undefined;
    const { partition, readQuorum, writeQuorum, next } = location;
    const owners = await Promise.all(location.owners.map(async (node) => {
      const [holds = "silent"] = await this.holdings(node, scope, [key]);
      return { node, holds };
    }));
    return { scope, key, partition, readQuorum, writeQuorum, owners, next: [...next] };
  }

  async #repairAll(): Promise<DhtRepair> {
    this.#repair();
    const { answers, silent } = await this.#askAll(dhtTopics.repair);
    return { started: [this.#host.node, ...answers.map(({ node }) => node)].sort(), silent };
  }

  #repair(): void {
    this.#isHurried = true;
    this.dht.give({ type: "repair" });
    this.#scheduleScrub(0);
  }

  /** Asks all other members the same. */
  async #askAll(topic: string): Promise<{
    readonly answers: readonly { readonly node: string; readonly body: Uint8Array }[];
    readonly silent: string[];
  }> {
    const { peers, topology, node: self } = this.#host;
    const answers: { node: string; body: Uint8Array }[] = [];
    const silent: string[] = [];
    await Promise.all(
      topology().members.filter(({ id }) => id !== self).map(async ({ id }) => {
        try {
          const body = await peers.ask(id, topic, new Uint8Array(), askTimeoutMs);
          answers.push({ node: id, body });
        } catch {
          silent.push(id);
        }
      }),
    );
    return { answers, silent: silent.sort() };
  }

  #scheduleScrub(delayMs: number): void {
    this.#scrub?.cancel();
    this.#scrub = this.#host.clock.setTimer(delayMs, () => {
      const isOver = this.store.scrub(scrubStepBytes);
      if (isOver) {
        this.#scrubPasses++;
        this.#isHurried = false;
      }
      this.#scheduleScrub(isOver ? scrubRestMs : this.#isHurried ? 0 : scrubPauseMs);
    });
  }

  #tellSettled(settled: number): void {
    if (settled < this.#settled) return;
    this.#settled = settled;
    this.#tellMembership();
  }

  #tellMembership(): void {
    const membership: DhtMembership = { storage: this.store.name, settled: this.#settled };
    this.#host.lines.control.tell(dhtTopics.membership, membership);
  }

  #note(note: DhtNote): void {
    const { type, ...values } = note;
    const { log } = this.#host;
    if (type === "adopted") log.info("The members of the DHT have changed", values);
    else log.debug(`DHT: ${type}`, values);
  }
}

function encode(value: unknown): Uint8Array {
  return new TextEncoder().encode(JSON.stringify(value));
}

function decode(bytes: Uint8Array): unknown {
  return JSON.parse(new TextDecoder().decode(bytes));
}
