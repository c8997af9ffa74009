import assert from "node:assert/strict";
import type { DhtMessage } from "../protocol/dht/message.ts";
import type { DhtResult } from "../protocol/dht/result.ts";
import type { ScopeName } from "../protocol/dht/scope.ts";
import type { View } from "../protocol/dht/view.ts";
import { DhtMachine } from "./machine.ts";
import { MemoryStorage } from "./memory_storage.ts";
import { dhtDefaults, type DhtInput, type DhtOptions, type StorageReply } from "./types.ts";

const value = new Uint8Array([1, 2, 3]);

/** Machines whose messages and storages take no time. */
class Cluster {
  readonly machines = new Map<string, DhtMachine>();
  readonly storages = new Map<string, MemoryStorage>();
  readonly down = new Set<string>();
  readonly skewMs = new Map<string, number>();
  /** What a storage answers instead of doing what it was asked for. */
  readonly broken = new Map<string, (op: string) => StorageReply | undefined>();
  readonly results = new Map<number, DhtResult>();
  readonly settled: string[] = [];
  nowMs = 0;
  #operations = 0;

  constructor(count: number, options: Partial<DhtOptions> = {}) {
    for (let i = 0; i < count; i++) this.add(`n${i}`, options);
  }

  add(self: string, options: Partial<DhtOptions> = {}): void {
    const isChunk: DhtOptions["isChunk"] = (key, bytes) => key === `sum${bytes.join("+")}`;
    this.storages.set(self, new MemoryStorage());
    const start = { self, storage: `${self}-s`, revision: 0, life: 1, seed: "test" };
    this.machines.set(self, new DhtMachine(start, { ...dhtDefaults, isChunk, ...options }));
  }

  view(revision: number, members: readonly string[], next?: readonly string[]): View {
    const all = (nodes: readonly string[]) => nodes.map((node) => ({ node, storage: `${node}-s` }));
    const view = {
      ...{ revision, members: all(members), lost: [] },
      next: next === undefined ? undefined : all(next),
    };
    for (const node of this.machines.keys()) this.give(node, { type: "view", view });
    return view;
  }

  give(node: string, input: DhtInput): void {
    const machine = this.machines.get(node);
    if (machine === undefined || this.down.has(node)) return;
    const wallMs = 1e12 + this.nowMs + (this.skewMs.get(node) ?? 0);
    const outputs = machine.step(input, { monotonicMs: this.nowMs, wallMs });
    for (const output of outputs) {
      if (output.type === "send") {
        this.give(output.to, { type: "message", from: node, message: output.message });
      } else if (output.type === "store") {
        const { requestId, request } = output;
        const reply = this.broken.get(node)?.(request.op) ??
          this.storages.get(node)?.handle(request);
        if (reply !== undefined) this.give(node, { type: "stored", requestId, reply });
      } else if (output.type === "done") this.results.set(output.operationId, output.result);
      else if (output.type === "settled") this.settled.push(`${node} ${output.revision}`);
    }
  }

  pass(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs;) {
      this.nowMs += 50;
      for (const node of this.machines.keys()) this.give(node, { type: "tick" });
    }
  }

  begin(node: string, type: "put" | "get" | "remove", key = "k", scope: ScopeName = "artifacts") {
    const operationId = this.#operations++;
    const common = { operationId, scope, key, timeoutMs: 1_000 };
    this.give(
      node,
      type === "put" ? { type, ...common, value, copies: "quorum" } : { type, ...common },
    );
    return operationId;
  }

  do(node: string, type: "put" | "get" | "remove", key = "k", scope: ScopeName = "artifacts") {
    const operationId = this.begin(node, type, key, scope);
    this.pass(1_100);
    const result = this.results.get(operationId);
    assert.ok(result !== undefined, "The operation has no result");
    return result;
  }
}

function three(options: Partial<DhtOptions> = {}): Cluster {
  const cluster = new Cluster(3, options);
  cluster.view(1, ["n0", "n1", "n2"]);
  return cluster;
}

Deno.test("DhtMachine stores at a quorum and reads at any node", () => {
  const cluster = three();
  const stored = cluster.do("n0", "put");
  assert.ok(stored.type === "stored" && stored.owners === 3);
  const found = cluster.do("n2", "get");
  assert.ok(found.type === "found");
  assert.deepEqual(found.value, value);
  assert.equal(cluster.do("n1", "remove").type, "stored");
  assert.equal(cluster.do("n2", "get").type, "absent");
});

Deno.test("DhtMachine says how many owners answered, and never calls a failed read absent", () => {
  const cluster = three();
  cluster.down.add("n1").add("n2");
  for (const type of ["get", "put", "remove"] as const) {
    assert.deepEqual(cluster.do("n0", type), {
      type: "failed",
      failure: {
        ...{ reason: "quorumNotReached", required: 2, got: 1, owners: 3 },
        missing: cluster.machines.get("n0")?.locate("artifacts", "k")?.owners
          .filter((node) => node !== "n0").map((node) => ({ node, cause: "silent" })),
      },
    });
  }
  cluster.down.clear();
  for (const node of ["n0", "n1"]) {
    cluster.broken.set(node, (op) => op === "read" ? { op: "failed", cause: "io" } : undefined);
  }
  const result = cluster.do("n2", "get", "other");
  assert.ok(result.type === "failed" && result.failure.reason === "quorumNotReached");
  assert.deepEqual(result.failure.missing.map(({ cause }) => cause), ["io", "io"]);
});

Deno.test("DhtMachine refuses writes to full disks and goes on reading", () => {
  const cluster = three();
  cluster.do("n0", "put");
  for (const node of cluster.machines.keys()) {
    cluster.broken.set(node, (op) => op === "merge" ? { op: "failed", cause: "full" } : undefined);
  }
  const result = cluster.do("n0", "put", "more");
  assert.ok(result.type === "failed" && result.failure.reason === "quorumNotReached");
  assert.deepEqual(result.failure.missing[0]?.cause, "full");
  assert.equal(cluster.do("n1", "get").type, "found");
});

Deno.test("DhtMachine lets writes follow each other although clocks differ", () => {
  const cluster = three();
  cluster.skewMs.set("n0", 30_000);
  const first = cluster.do("n0", "put");
  const second = cluster.do("n1", "remove");
  assert.ok(first.type === "stored" && second.type === "stored");
  assert.ok(second.version.timeMs >= first.version.timeMs);
  assert.equal(cluster.do("n2", "get").type, "absent");
});

Deno.test("DhtMachine refuses versions that are further ahead than clocks may differ", () => {
  const cluster = three();
  cluster.skewMs.set("n0", 120_000);
  const result = cluster.do("n0", "put");
  assert.ok(result.type === "failed" && result.failure.reason === "quorumNotReached");
  assert.deepEqual(result.failure.missing.map(({ cause }) => cause), ["clockSkew", "clockSkew"]);
});

Deno.test("DhtMachine bounds its operations and ends each at its deadline", () => {
  const cluster = three({ operationsMax: 2 });
  cluster.down.add("n1").add("n2");
  const ids = [cluster.begin("n0", "get"), cluster.begin("n0", "put"), cluster.begin("n0", "get")];
  assert.deepEqual(cluster.results.get(ids[2] ?? -1), {
    type: "failed",
    failure: { reason: "busy", limit: 2 },
  });
  cluster.pass(1_100);
  assert.equal(cluster.results.size, 3);
  assert.equal(cluster.machines.get("n0")?.status().operations, 0);
});

Deno.test("DhtMachine refuses keys, values and chunks that are not valid", () => {
  const cluster = three({ valueBytesMax: 2 });
  const reasons = [
    cluster.do("n0", "get", ""),
    cluster.do("n0", "get", "k".repeat(513)),
    cluster.do("n0", "put"),
  ].map((result) => result.type === "failed" && result.failure.reason);
  assert.deepEqual(reasons, ["invalid", "invalid", "invalid"]);
  const wrong = three().do("n0", "put", "not the sum", "chunks");
  assert.ok(wrong.type === "failed" && wrong.failure.reason === "invalid");
});

Deno.test("DhtMachine reads a chunk from any owner that has it", () => {
  const cluster = three();
  const key = "sum1+2+3";
  assert.equal(cluster.do("n0", "put", key, "chunks").type, "stored");
  for (const node of ["n0", "n1"]) {
    cluster.broken.set(node, (op) => op === "read" ? { op: "failed", cause: "io" } : undefined);
  }
  assert.equal(cluster.do("n0", "get", key, "chunks").type, "found");
  cluster.broken.clear();
  assert.equal(cluster.do("n0", "get", "sum9", "chunks").type, "absent");
  cluster.down.add("n1").add("n2");
  assert.equal(cluster.do("n0", "get", "sum9", "chunks").type, "failed");
});

Deno.test("DhtMachine waits for a view, and says so when none comes", () => {
  const cluster = new Cluster(1);
  assert.deepEqual(cluster.do("n0", "get"), { type: "failed", failure: { reason: "noView" } });
  const waiting = cluster.begin("n0", "put");
  cluster.view(1, ["n0"]);
  assert.equal(cluster.results.get(waiting)?.type, "stored");
});

Deno.test("DhtMachine takes over everything before it says that it has settled", () => {
  const cluster = three();
  for (let i = 0; i < 50; i++) cluster.begin("n0", "put", `key${i}`);
  cluster.add("n3");
  cluster.view(2, ["n0", "n1", "n2"], ["n1", "n2", "n3"]);
  assert.equal(cluster.do("n3", "put", "during").type, "stored");
  cluster.pass(3_000);
  for (const node of ["n1", "n2", "n3"]) assert.ok(cluster.settled.includes(`${node} 2`), node);
  assert.ok(!cluster.settled.includes("n0 2"));
  cluster.view(3, ["n1", "n2", "n3"]);
  cluster.down.add("n0").add("n1");
  cluster.machines.delete("n0");
  // One of three is down: a quorum is left, which has everything.
  for (const key of ["key0", "key49", "during"]) {
    assert.equal(cluster.do("n3", "get", key).type, "found", key);
  }
  assert.equal(cluster.machines.get("n3")?.status().revision, 3);
});

Deno.test("DhtMachine fetches a damaged entry from another owner", () => {
  const cluster = three();
  cluster.do("n0", "put");
  const storage = cluster.storages.get("n1");
  assert.ok(storage?.damage("artifacts", "k"));
  cluster.give("n1", { type: "damaged", scope: "artifacts", key: "k" });
  cluster.pass(1_000);
  const reply = storage?.handle({ op: "read", scope: "artifacts", key: "k" });
  assert.ok(reply?.op === "read" && reply.entry !== undefined);
});

Deno.test("DhtMachine removes a tombstone when all owners hold it, and no late write comes back", () => {
  const cluster = three({ collectMs: 1_000 });
  const late: DhtMessage = {
    ...{ type: "write", id: 5, revision: 1, scope: "artifacts", key: "k" },
    entry: { version: { timeMs: 1e12, counter: 0, writer: "n9" }, value },
  };
  cluster.do("n0", "put");
  cluster.do("n0", "remove");
  cluster.pass(3_000);
  assert.ok(
    [...cluster.storages.values()].every((each) => [...each.entries("artifacts")].length === 0),
  );
  for (const node of cluster.machines.keys()) {
    cluster.give(node, { type: "message", from: "n9", message: late });
  }
  assert.equal(cluster.do("n1", "get").type, "absent");
});

Deno.test("DhtMachine tells where a key is and who holds how much", () => {
  const cluster = new Cluster(5);
  const machine = cluster.machines.get("n0");
  assert.equal(machine?.locate("artifacts", "k"), undefined);
  assert.equal(machine?.status().shares, undefined);
  cluster.view(1, ["n0", "n1", "n2", "n3", "n4"]);
  const location = machine?.locate("artifacts", "k");
  assert.equal(location?.owners.length, 3);
  assert.deepEqual([location?.readQuorum, location?.writeQuorum, location?.next], [2, 2, []]);
  const shares = machine?.status().shares?.artifacts ?? [];
  assert.equal(shares.reduce((sum, { partitions }) => sum + partitions, 0), 3 * 1_024);
  assert.equal(shares.reduce((sum, { first }) => sum + first, 0), 1_024);
});
