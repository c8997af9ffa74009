import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { setImmediate } from "node:timers";
import { ManualClock } from "../../base/clock.ts";
import { DecodeError } from "../../base/codec.ts";
import { AetherError } from "../../base/errors.ts";
import { MemoryStorage } from "../../base/storage.ts";
import { engineDefaults } from "../../consensus/types.ts";
import { WeakMvc } from "../../consensus/slot/weak_mvc.ts";
import { DataDirectory } from "../../io/log/data_directory.ts";
import type { LogEntry, Message } from "../../protocol/consensus/message.ts";
import { createLogger } from "../../sdk/logger.ts";
import type { PeerFrame } from "../../protocol/peer/frame.ts";
import { clusterCoin, ConsensusHost, type ConsensusHostOptions } from "./consensus_host.ts";
import type { PeerLinks } from "./peer_links.ts";

const header = { decidedUpTo: -1, resent: false };

/** A host without links, whose other members the test plays. */
class Harness {
  readonly clock = new ManualClock();
  readonly applied: LogEntry[] = [];
  readonly failures: AetherError[] = [];
  readonly messages: string[] = [];
  readonly host: ConsensusHost;
  onApply: (entry: LogEntry) => void = (entry) => this.applied.push(entry);

  constructor(members: readonly string[], changes: Partial<ConsensusHostOptions> = {}) {
    this.host = new ConsensusHost({
      engine: {
        ...engineDefaults,
        self: "n1",
        coin: clusterCoin("c"),
        protocol: (context) => new WeakMvc(context),
        durable: changes.data !== undefined,
      },
      start: { firstSlot: 0, configurations: [{ from: 0, members }], records: [] },
      data: undefined,
      links: undefined,
      clock: this.clock,
      firstBarrier: 1,
      log: createLogger((_level, message) => this.messages.push(message)),
      onApply: (entry) => this.onApply(entry),
      onRefused: () => {},
      onNeedSnapshot: () => {},
      onFailure: (error) => this.failures.push(error),
      ...changes,
    });
  }

  /** Lets time pass. */
  readonly pass = async (durationMs: number): Promise<void> => {
    for (let i = 0; i < durationMs; i++) {
      this.clock.advance(1);
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
}

function digestOf(node: string, payload: Uint8Array): string {
  return `${node}/${createHash("sha256").update(payload).digest("hex").slice(0, 32)}`;
}

Deno.test("ConsensusHost applies what a single voter submits, with nothing to wait for", () => {
  const { host, applied } = new Harness(["n1"]);
  host.start();
  const payload = Uint8Array.of(1, 2);
  assert.equal(host.submit(payload), digestOf("n1", payload));
  assert.deepEqual(applied.map(({ slot, batches }) => [slot, batches[0]?.payload]), [[0, payload]]);
  host.close();
});

Deno.test("ConsensusHost takes inputs that come while it applies, in order", () => {
  const harness = new Harness(["n1"]);
  harness.onApply = (entry) => {
    harness.applied.push(entry);
    if (harness.applied.length < 5) {
      const before = harness.applied.length;
      harness.host.submit(Uint8Array.of(harness.applied.length));
      assert.equal(harness.applied.length, before, "It was applied inside of another step");
    }
  };
  harness.host.start();
  harness.host.submit(Uint8Array.of(0));
  assert.deepEqual(harness.applied.map(({ batches }) => batches[0]?.payload[0]), [0, 1, 2, 3, 4]);
  harness.host.close();
});

Deno.test("ConsensusHost fails once when applying fails, and lets no caller see the error", () => {
  const harness = new Harness(["n1"]);
  harness.onApply = () => {
    // Thrown on, it would end a link as if a peer had sent garbage.
    throw new DecodeError("A batch that cannot be read", 0);
  };
  harness.host.start();
  harness.host.submit(Uint8Array.of(1));
  assert.deepEqual(harness.failures.map(({ name }) => name), ["INTERNAL"]);
  assert.match(String(harness.failures[0]?.message), /cannot be read/);
  harness.host.submit(Uint8Array.of(2));
  harness.host.receive("n2", header, { type: "fetch", from: 0 });
  assert.equal(harness.failures.length, 1);
  assert.equal(harness.clock.pendingTimers, 0);
});

Deno.test("ConsensusHost drops batches that do not match their digest", () => {
  const { host, messages } = new Harness(["n1", "n2", "n3"]);
  host.start();
  const payload = Uint8Array.of(1, 2, 3);
  const digest = digestOf("n2", payload);
  const other = Uint8Array.of(9);
  const forged: Message[] = [
    { type: "batch", digest, payload: other },
    { type: "entries", entries: [{ slot: 0, batches: [{ digest, payload: other }] }] },
  ];
  for (const message of forged) host.receive("n2", header, message);
  assert.equal(messages.length, 2);
  host.receive("n2", header, { type: "batch", digest, payload });
  assert.equal(messages.length, 2);
  host.close();
});

Deno.test("ConsensusHost ticks often while something is under way, and seldom when not", async () => {
  const harness = new Harness(["n1"]);
  harness.host.start();
  await harness.pass(1_000);
  const before = harness.clock.monotonicMs();
  assert.ok((harness.clock.nextTimerMs ?? 0) - before <= 200);
  let ticks = 0;
  for (let last = harness.clock.nextTimerMs, i = 0; i < 1_000; i++) {
    await harness.pass(1);
    if (harness.clock.nextTimerMs !== last) ticks++;
    last = harness.clock.nextTimerMs;
  }
  assert.ok(ticks >= 4 && ticks <= 6, `${ticks} ticks a second while idle`);
  const nextTickMs = () => (harness.clock.nextTimerMs ?? 0) - harness.clock.monotonicMs();
  const idleUntilMs = harness.clock.nextTimerMs;
  harness.host.heard("n2", header);
  assert.equal(harness.clock.nextTimerMs, idleUntilMs, "It woke up for nothing");
  harness.host.heard("n2", { ...header, decidedUpTo: 5 });
  assert.ok(nextTickMs() <= 4, "It does not notice that it is behind");
  await harness.pass(1_000);
  harness.host.submit(Uint8Array.of(1));
  assert.ok(nextTickMs() <= 4);
  harness.host.close();
});

Deno.test("ConsensusHost never reuses the number of a barrier of a former life", async () => {
  // A late answer to barrier 1 of the former life must not end barrier 1_000_001 of this one.
  const { host, clock } = new Harness(["n1", "n2", "n3"], { firstBarrier: 1_000_001 });
  host.start();
  let isDone = false;
  const waiting = host.barrier().then(() => {
    isDone = true;
  });
  const tell = (id: number) =>
    host.receive("n2", header, { type: "barrierTell", id, maxOpened: -1 });
  tell(1);
  await new Promise((resolve) => setImmediate(resolve));
  assert.equal(isDone, false);
  tell(1_000_001);
  await waiting;
  host.close();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("ConsensusHost.refuseBarriers() ends those that wait, and close() those after", async () => {
  const { host } = new Harness(["n1", "n2", "n3"]);
  host.start();
  const first = host.barrier();
  host.refuseBarriers(new AetherError("NOT_PROPOSED", "No quorum"));
  await assert.rejects(first, /No quorum/);
  const second = host.barrier();
  host.close();
  await assert.rejects(second, /stopping/);
  await assert.rejects(host.barrier(), /stops/);
});

async function openData(storage: MemoryStorage): Promise<DataDirectory> {
  return await DataDirectory.open(storage, { create: () => ({ clusterId: "c", nodeId: "n1" }) });
}

Deno.test("ConsensusHost applies nothing before it is durable", async () => {
  const storage = new MemoryStorage();
  const data = await openData(storage);
  const harness = new Harness(["n1"], { data });
  harness.host.start();
  harness.host.submit(Uint8Array.of(1));
  assert.equal(harness.applied.length, 0);
  await harness.pass(10);
  assert.equal(harness.applied.length, 1);
  assert.deepEqual(harness.host.liveRecords(), []);
  harness.host.close();
  await data.close();
});

Deno.test("ConsensusHost fails when the disk does, with the disk's error", async () => {
  const storage = new MemoryStorage();
  const data = await openData(storage);
  const harness = new Harness(["n1"], { data });
  harness.host.start();
  storage.faults = { syncErrorRate: 1 };
  harness.host.submit(Uint8Array.of(1));
  // Appending to a log that has failed throws at once.
  await harness.pass(10);
  harness.host.submit(Uint8Array.of(2));
  await harness.pass(10);
  assert.deepEqual(harness.failures.map(({ name }) => name), ["STORAGE_FAILED"]);
  assert.equal(harness.applied.length, 0);
});

Deno.test("ConsensusHost of a learner writes what it learns now and then", async () => {
  const storage = new MemoryStorage();
  const data = await openData(storage);
  const harness = new Harness(["n2", "n3", "n4"], { data });
  harness.host.start();
  const payload = new Uint8Array(100);
  const digest = digestOf("n2", payload);
  for (let slot = 0; slot < 3_000; slot++) {
    const entries = [{ slot, batches: [{ digest, payload }] }];
    harness.host.receive("n2", header, { type: "entries", entries });
  }
  await harness.pass(10);
  assert.equal(harness.applied.length, 3_000);
  assert.ok(data.log.syncedIndex > 1_500, `Only ${data.log.syncedIndex} records are durable`);
  harness.host.close();
  await data.close();
});

Deno.test("ConsensusHost asks for many slots when it gets on one by one, far behind", async () => {
  const asked: string[] = [];
  const links = {
    broadcast() {},
    send(to: string, frame: PeerFrame) {
      if (frame.kind === "consensus" && frame.message.type === "fetch") {
        asked.push(`${to} from ${frame.message.from}`);
      }
      return true;
    },
  } as unknown as PeerLinks;
  const { host, clock, pass } = new Harness(["n1", "n2", "n3"], { links });
  const decide = () => {
    const slot = host.engine.nextSlot;
    host.receive("n2", { ...header, decidedUpTo: 50 }, { type: "decision", slot, value: "" });
  };
  host.start();
  host.heard("n2", { ...header, decidedUpTo: 50 });
  for (let i = 0; i < 60; i++) {
    decide();
    await pass(4);
  }
  assert.equal(asked.length, 0, "It asks although it is not far behind");
  const from = host.engine.nextSlot;
  host.heard("n3", { ...header, decidedUpTo: 1_000 });
  for (let i = 0; i < 60; i++) {
    decide();
    await pass(4);
  }
  assert.ok(asked.length >= 2 && asked.length <= 4, `${asked}`);
  assert.ok(asked.every((each) => each.startsWith("n3 ")), `${asked}`);
  const [first = ""] = asked;
  assert.ok(Number(first.slice("n3 from ".length)) <= from + 30, first);
  host.close();
  assert.equal(clock.pendingTimers, 0);
});

Deno.test("clusterCoin() is the same for the same cluster, and fair", () => {
  const [one, same, other] = [clusterCoin("c"), clusterCoin("c"), clusterCoin("d")];
  let ones = 0;
  let different = 0;
  for (let slot = 0; slot < 1_000; slot++) {
    assert.equal(one(slot, 1), same(slot, 1));
    ones += one(slot, 1);
    if (one(slot, 1) !== other(slot, 1)) different++;
  }
  assert.ok(ones > 400 && ones < 600, `${ones} of 1000`);
  assert.ok(different > 400 && different < 600);
});
