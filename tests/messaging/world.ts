/**
 * A partition's owners under one seed: faults, publishing and consuming, and what must hold.
 *
 * Runs the machines of `src/messaging` with logs in memory whose unsynced ends may be lost, a
 * network that delays and loses, nodes that crash and come back, and the decision who leads. A
 * planted bug replaces a part of it; the checks must find each.
 *
 * @module
 */
import assert from "node:assert/strict";
import { SeededRandom } from "../../src/base/random.ts";
import { type Assigned, assignPartitions } from "../../src/messaging/assign.ts";
import { type Delivery, Group } from "../../src/messaging/group.ts";
import type { LogEntry } from "../../src/protocol/messaging/entry.ts";
import type { ReplicaReply, ReplicaRequest } from "../../src/protocol/messaging/replica_codec.ts";
import { Replica } from "../../src/messaging/replica.ts";
import { CrashingLog, type PlantedBug, type RunReport, VirtualTime } from "./model.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder();

interface Node {
  readonly id: string;
  log: CrashingLog;
  life: number;
  isUp: boolean;
  replica: Replica | undefined;
  isLeading: boolean;
  commit: number;
  groups: Group | undefined;
  deliveries: Map<number, Delivery>;
}

/** One run. */
export class PartitionWorld {
  readonly #random: SeededRandom;
  readonly #bug: PlantedBug | undefined;
  readonly #nodes: Node[];
  readonly #time = new VirtualTime();
  #assigned: Assigned | undefined;
  #settledEpoch = 0;
  /** As the store has it. */
  #stored = { next: 0, epoch: 0 };
  #cut = new Set<string>();
  #isCalm = false;
  #published = 0;
  readonly #acknowledged = new Map<string, number>();
  readonly #handledAt = new Map<string, number[]>();
  readonly #keyOrder = new Map<string, string[]>();
  readonly #activeKeys = new Map<string, number>();
  readonly #committed = new Map<number, string>();
  #leaderChanges = 0;
  #handled = 0;

  constructor(seed: number, bug?: PlantedBug) {
    this.#random = new SeededRandom(seed);
    this.#bug = bug;
    const isSynced = this.#random.nextFloat() < 0.5 || bug === "count what is not durable";
    this.#nodes = ["n1", "n2", "n3"].map((id) => ({
      id,
      log: new CrashingLog(isSynced),
      life: 1,
      isUp: true,
      replica: undefined,
      isLeading: false,
      commit: 0,
      groups: undefined,
      deliveries: new Map(),
    }));
  }

  /** Runs to the end and checks everything. */
  run(stepsMs = 20_000): RunReport {
    for (const node of this.#nodes) this.#start(node);
    this.#every(50, () => {
      for (const { isUp, replica } of this.#nodes) if (isUp) replica?.tick(this.#time.nowMs);
    });
    this.#every(20, () => this.#assign());
    this.#every(30, () => this.#publish());
    this.#every(25, () => this.#deliver());
    this.#every(200, () => this.#commitOffsets());
    this.#every(37, () => this.#sync());
    this.#every(300, () => this.#fault());
    this.#time.runUntil(stepsMs);
    this.#heal();
    this.#time.runUntil(stepsMs + 20_000);
    this.#check();
    return {
      acknowledged: this.#acknowledged.size,
      handled: this.#handled,
      repeated: this.#handled - this.#handledAt.size,
      leaderChanges: this.#leaderChanges,
    };
  }

  #every(periodMs: number, run: () => void): void {
    const again = () => {
      run();
      this.#at(periodMs + this.#random.nextBelow(Math.floor(periodMs / 2) + 1), again);
    };
    this.#at(this.#random.nextBelow(periodMs), again);
  }

  #at(delayMs: number, run: () => void): void {
    this.#time.at(delayMs, run);
  }

  #start(node: Node): void {
    const { log, life } = node;
    const isCurrent = () => node.isUp && node.life === life;
    const replica = new Replica({
      node: node.id,
      life: String(life),
      log,
      isSynced: log.isSynced && this.#bug !== "count what is not durable",
      ports: {
        ask: (to, request) => this.#ask(node, to, request),
        settle: (epoch) =>
          this.#at(5, () => {
            if (!isCurrent() || this.#assigned?.epoch !== epoch) return;
            this.#settledEpoch = epoch;
            this.#tellOwners();
          }),
        onCommit: (commit) => {
          node.commit = commit;
          this.#noteCommitted(node, commit);
        },
        onLead: () => this.#lead(node),
        onDepose: () => {
          node.isLeading = false;
          node.groups = undefined;
        },
      },
    });
    node.replica = replica;
    this.#own(node);
  }

  #own(node: Node): void {
    const assigned = this.#assigned;
    if (assigned === undefined || !node.isUp) return;
    const former = this.#bug === "recover from any one replica" ? [node.id] : assigned.former;
    node.replica?.own(
      { ...assigned, former, settledEpoch: this.#settledEpoch },
      this.#time.nowMs,
    );
  }

  #tellOwners(): void {
    for (const node of this.#nodes) {
      this.#at(this.#random.nextBelow(40), () => this.#own(node));
    }
  }

  #assign(): void {
    const [change] = assignPartitions(
      [{
        topic: "t",
        number: 0,
        durability: "synced",
        assigned: this.#assigned,
        settledEpoch: this.#settledEpoch,
      }],
      this.#nodes.map(({ id, life, isUp }) => ({ node: id, life: String(life), isAlive: isUp })),
    );
    // Now and then a leader is changed although it lives, as when it was believed dead.
    const assigned = this.#assigned;
    if (change !== undefined) this.#assigned = change.value;
    else if (!this.#isCalm && assigned !== undefined && this.#random.nextFloat() < 0.01) {
      const up = this.#nodes.filter(({ isUp, id }) => isUp && id !== assigned.leader);
      const next = up[this.#random.nextBelow(Math.max(1, up.length))];
      if (next === undefined) return;
      const former = this.#settledEpoch === assigned.epoch ? [] : assigned.former;
      this.#assigned = {
        ...assigned,
        epoch: assigned.epoch + 1,
        leader: next.id,
        life: String(next.life),
        former,
      };
    } else return;
    this.#leaderChanges++;
    this.#tellOwners();
  }

  #ask(from: Node, to: string, request: ReplicaRequest): void {
    const { replica, life } = from;
    const target = this.#nodes.find(({ id }) => id === to);
    const isLost = () => !this.#isCalm && this.#random.nextFloat() < 0.03;
    const isCut = () => this.#cut.has(`${from.id}${to}`) || this.#cut.has(`${to}${from.id}`);
    const lose = () =>
      this.#at(100, () => {
        if (from.isUp && from.life === life) replica?.onLost(to, request);
      });
    const delay = () => 1 + this.#random.nextBelow(this.#random.nextFloat() < 0.05 ? 400 : 10);
    if (isLost() || isCut()) return lose();
    this.#at(delay(), () => {
      if (target === undefined || !target.isUp || isCut()) return lose();
      const { life: targetLife } = target;
      const { log } = target;
      if (this.#bug === "take appends of earlier epochs" && request.kind === "append") {
        request = { ...request, epoch: Math.max(request.epoch, log.promised) };
      }
      const reply = target.replica?.answer(request);
      if (reply === undefined) return lose();
      const send = () => {
        if (isLost() || isCut()) return lose();
        this.#at(delay(), () => {
          if (!from.isUp || from.life !== life) return;
          replica?.onReply(to, request, reply as ReplicaReply, this.#time.nowMs);
        });
      };
      if (!log.isSynced || this.#bug === "count what is not durable") send();
      else {
        this.#at(this.#random.nextBelow(20), () => {
          if (!target.isUp || target.life !== targetLife) return lose();
          log.sync();
          send();
        });
      }
    });
  }

  #publish(): void {
    if (this.#isCalm) return;
    const leader = this.#nodes.find(({ isUp, replica }) => isUp && replica?.isLeading);
    if (leader?.replica === undefined) return;
    const { replica, life } = leader;
    const count = 1 + this.#random.nextBelow(4);
    const messages = Array.from({ length: count }, () => ({
      key: this.#random.nextFloat() < 0.8 ? `k${this.#random.nextBelow(4)}` : undefined,
      value: encoder.encode(`m${this.#published++}`),
      timeMs: this.#time.nowMs,
    }));
    const { epoch } = replica;
    const from = replica.publish(messages);
    const acknowledge = () => {
      for (const [i, { value }] of messages.entries()) {
        this.#acknowledged.set(decoder.decode(value), from + i);
      }
    };
    if (this.#bug === "acknowledge before a majority has it") return acknowledge();
    const wait = () => {
      if (!leader.isUp || leader.life !== life || !replica.isLeading || replica.epoch !== epoch) {
        return;
      }
      if (leader.commit >= from + count) acknowledge();
      else this.#at(10, wait);
    };
    wait();
  }

  /** What a leader said to be committed stays as it is. */
  #noteCommitted(node: Node, commit: number): void {
    for (const entry of node.log.read(Math.max(node.log.first, commit - 50), 1e9)) {
      if (entry.offset >= commit || entry.value === undefined) continue;
      const text = decoder.decode(entry.value);
      const before = this.#committed.get(entry.offset);
      if (before === undefined) this.#committed.set(entry.offset, text);
      else assert.equal(text, before, `Offset ${entry.offset} was ${before} and became ${text}`);
    }
  }

  #lead(node: Node): void {
    node.isLeading = true;
    node.commit = 0;
    node.deliveries = new Map();
    node.groups = new Group(this.#stored.next, {
      maxAttempts: 1_000,
      concurrency: 4,
      waitMs: (_kind, count) => Math.min(500, 20 * count),
    });
  }

  #deliver(): void {
    for (const node of this.#nodes) {
      const { groups: group, replica, life } = node;
      if (!node.isUp || group === undefined || !replica?.isLeading) continue;
      const read = (from: number, bytes: number) => node.log.read(from, bytes);
      const taken = group.take(this.#time.nowMs, node.commit, read);
      if (this.#bug === "hand out a key twice at a time" && taken[0] !== undefined) {
        taken.push(taken[0]);
      }
      for (const delivery of taken) {
        const { entry } = delivery;
        this.#begin(node, entry);
        const isHandled = this.#isCalm || this.#random.nextFloat() < 0.9;
        this.#at(1 + this.#random.nextBelow(60), () => {
          this.#end(node, life, entry);
          if (isHandled) this.#noteHandled(entry);
          if (!node.isUp || node.life !== life || node.groups !== group) return;
          const cause = { code: "X", message: "" };
          group.settle(
            delivery,
            isHandled ? { kind: "handled" } : { kind: "failed", cause },
            this.#time.nowMs,
          );
          if (this.#bug === "advance past what is not handled" && !isHandled) {
            group.seek(Math.max(group.next, entry.offset + 1));
          }
        });
      }
    }
  }

  /** An owner hands out one message of a key at a time. */
  #begin(node: Node, { key }: LogEntry): void {
    if (key === undefined) return;
    const name = `${node.id}/${node.life}/${node.replica?.epoch}/${key}`;
    const active = (this.#activeKeys.get(name) ?? 0) + 1;
    assert.ok(active === 1, `Key ${key} is under way ${active} times`);
    this.#activeKeys.set(name, active);
    this.#keyOrder.set(name, []);
  }

  #end(node: Node, life: number, { key }: LogEntry): void {
    if (key === undefined) return;
    for (const name of this.#activeKeys.keys()) {
      if (name.startsWith(`${node.id}/${life}/`) && name.endsWith(`/${key}`)) {
        this.#activeKeys.set(name, 0);
      }
    }
  }

  #noteHandled({ value, offset }: LogEntry): void {
    const text = decoder.decode(value);
    this.#handled++;
    this.#handledAt.set(text, [...this.#handledAt.get(text) ?? [], offset]);
  }

  /** The store takes offsets only of the present owner. */
  #commitOffsets(): void {
    for (const { isUp, groups, replica } of this.#nodes) {
      if (!isUp || groups === undefined || replica === undefined || !replica.isLeading) continue;
      if (replica.epoch !== this.#assigned?.epoch) continue;
      this.#stored = { next: groups.next, epoch: replica.epoch };
    }
  }

  #sync(): void {
    for (const { isUp, log, replica } of this.#nodes) {
      if (!isUp) continue;
      log.sync();
      replica?.onDurable();
    }
  }

  #fault(): void {
    if (this.#isCalm) return;
    const dice = this.#random.nextFloat();
    const node = this.#nodes[this.#random.nextBelow(3)] as Node; // there are three
    if (dice < 0.25 && node.isUp) this.#crash(node);
    else if (dice < 0.6) {
      for (const each of this.#nodes) if (!each.isUp) this.#restart(each);
    } else if (dice < 0.8) {
      const other = this.#nodes[this.#random.nextBelow(3)] as Node; // there are three
      this.#cut.add(`${node.id}${other.id}`);
    } else this.#cut.clear();
  }

  #crash(node: Node): void {
    const others = this.#nodes.filter(({ isUp }) => !isUp).length;
    if (others >= 2) return;
    node.isUp = false;
    node.isLeading = false;
    node.groups = undefined;
    node.log.cut(this.#random);
  }

  #restart(node: Node): void {
    node.life++;
    node.isUp = true;
    node.commit = 0;
    this.#start(node);
  }

  #heal(): void {
    this.#isCalm = true;
    this.#cut.clear();
    for (const node of this.#nodes) if (!node.isUp) this.#restart(node);
    this.#assign();
  }

  /** Nothing acknowledged is lost: it was handled, at the offset that was told. */
  #check(): void {
    const leader = this.#nodes.find(({ replica }) => replica?.isLeading);
    assert.ok(leader?.groups !== undefined, "Nobody leads although all is well");
    for (const [text, offset] of this.#acknowledged) {
      const handled = this.#handledAt.get(text);
      assert.ok(handled !== undefined, `${text} at ${offset} was acknowledged and never handled`);
      assert.ok(handled.every((each) => each === offset), `${text} was handled at ${handled}`);
    }
    assert.equal(leader.groups.next, leader.log.end, "The subscription stands still");
  }
}
