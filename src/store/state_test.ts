import assert from "node:assert/strict";
import { leaderKey } from "../protocol/keys.ts";
import type {
  Command,
  Compare,
  Operation,
  Transaction,
  Writer,
} from "../protocol/store/command.ts";
import { type StoreEvent, StoreState } from "./state.ts";
import { command, put, remove, roomy, utf8 } from "./state_fixture_test.ts";

Deno.test("StoreState.apply() lets a writer write only its own kinds of keys, all or nothing", () => {
  const state = new StoreState(roomy);
  const writers = {
    user: "user/a",
    slice: "slice/org.example:a/b",
    operator: "target/org.example:a",
    leader: "assignment/n1/org.example:a:1.0.0",
    node: "backup/last",
  } as const;
  for (const writer of Object.keys(writers) as (keyof typeof writers)[]) {
    for (const [owner, key] of Object.entries(writers)) {
      const { applied, change } = state.apply(command([put(key)], { writer }));
      assert.equal(applied.outcome, writer === owner ? "done" : "forbidden", `${writer} ${key}`);
      assert.equal(change === undefined, writer !== owner);
    }
  }
  const revision = state.revision;
  const mixed = command([put("user/new"), remove("target/org.example:a")]);
  assert.equal(state.apply(mixed).applied.outcome, "forbidden");
  assert.equal(state.apply(command([put("other/a")])).applied.outcome, "forbidden");
  assert.equal(state.get("user/new"), undefined);
  assert.equal(state.revision, revision);
});

Deno.test("StoreState.apply() refuses growth beyond the limit, not what shrinks", () => {
  const state = new StoreState({ maxBytes: 300 });
  assert.equal(state.apply(command([put("user/a", "x".repeat(100))])).applied.outcome, "done");
  const large = put("user/b", "x".repeat(200));
  assert.equal(state.apply(command([large])).applied.outcome, "full");
  assert.equal(state.get("user/b"), undefined);
  assert.equal(state.apply(command([put("user/a", "x")])).applied.outcome, "done");
  assert.equal(state.apply(command([put("user/c", "x")])).applied.outcome, "done");
  assert.ok(state.bytes <= 300);
  state.apply(command([remove("user/a"), remove("user/c")]));
  assert.equal(state.bytes, 0);
});

Deno.test("StoreState.apply() counts growth by what remains of several writes to a key", () => {
  const state = new StoreState({ maxBytes: 300 });
  const bytes = (count: number) => put("user/a", "x".repeat(count));
  assert.equal(state.apply(command([bytes(150), bytes(150)])).applied.outcome, "done");
  const grown = state.apply(command([remove("user/a"), bytes(250)]));
  assert.equal(grown.applied.outcome, "full");
  assert.ok(state.bytes <= 300);
});

Deno.test("StoreState.apply() lets the control loop write in a full store", () => {
  const state = new StoreState({ maxBytes: 100 });
  state.apply(command([put("user/a", "x".repeat(10))]));
  const full = (writer: Command["writer"], ...keys: string[]) => {
    const operations = keys.map((key) => put(key, "x".repeat(50)));
    return state.apply(command(operations, { writer })).applied.outcome === "full";
  };
  assert.ok(full("user", "user/b"));
  assert.ok(full("slice", "slice/b"));
  assert.ok(full("operator", "target/b"));
  assert.ok(full("node", "artifact/b"));
  assert.ok(full("node", "leader/current", "artifact/b"));
  assert.ok(!full("leader", "assignment/b"));
  assert.ok(!full("node", "leader/current"));
});

Deno.test("StoreState.apply() lets the leader go on with what is deployed in a full store", () => {
  const state = new StoreState({ maxBytes: 100 });
  const elected = state.apply(command([put(leaderKey, "x".repeat(90))], { writer: "node" }));
  const outcome = (then: readonly Operation[], revision: number, writer: Writer = "operator") => {
    const transaction = { compare: [{ key: leaderKey, revision }], then, otherwise: then };
    return state.apply(command([], { writer, transaction })).applied.outcome;
  };
  const { revision } = elected.applied;
  for (const kind of ["target", "blueprint", "rollout", "revision"]) {
    const write = put(`${kind}/a`, "x".repeat(50));
    assert.equal(outcome([write], revision + 1), "full", `${kind} of a former leader`);
    assert.equal(state.apply(command([write], { writer: "operator" })).applied.outcome, "full");
    assert.equal(outcome([write, remove(`${kind}/b`)], revision), "done", kind);
    assert.equal(outcome([put(`${kind}/a`, "x".repeat(60))], revision), "done", kind);
  }
  assert.equal(outcome([put("config/a", "x".repeat(50))], revision), "full");
  assert.equal(outcome([put("user/a", "x".repeat(50))], revision, "user"), "full");
});

Deno.test("StoreState.replace() answers what differs as one change", () => {
  const old = new StoreState(roomy);
  old.apply(command(["a", "b", "c"].map((name) => put(`user/${name}`))));
  const next = new StoreState(roomy);
  next.restore(old.snapshot());
  next.apply(command([put("user/b", "2"), remove("user/c"), put("user/d")]));
  const { revision, events } = old.replace(next.snapshot());
  assert.equal(revision, 2);
  assert.deepEqual(
    events.map(({ key, entry, previous }) => [key, entry?.revision, previous?.revision]),
    [["user/b", 2, 1], ["user/c", undefined, 1], ["user/d", 2, undefined]],
  );
  assert.deepEqual(old.snapshot(), next.snapshot());
});

Deno.test("StoreState counts a change of several keys as one revision", () => {
  const state = new StoreState(roomy);
  state.apply(command([put("user/a")]));
  const { change } = state.apply(command([put("user/a", "2"), put("user/b"), remove("user/no")]));
  assert.equal(change?.revision, 2);
  assert.deepEqual(change?.events.map((event: StoreEvent) => event.key), ["user/a", "user/b"]);
  assert.equal(state.get("user/a")?.createRevision, 1);
  assert.equal(state.get("user/b")?.createRevision, 2);
  state.apply(command([remove("user/a")]));
  state.apply(command([put("user/a")]));
  assert.equal(state.get("user/a")?.createRevision, 4, "a new life begins a new count");
});

Deno.test("StoreState.list() pages by prefix", () => {
  const state = new StoreState(roomy);
  state.apply(command(["c", "a", "b", "bb"].map((name) => put(`user/${name}`))));
  assert.deepEqual(state.list("user/", "", 2), ["user/a", "user/b"]);
  assert.deepEqual(state.list("user/", "user/b", 2), ["user/bb", "user/c"]);
  assert.deepEqual(state.list("user/b"), ["user/b", "user/bb"]);
  assert.deepEqual(state.list("target/"), []);
});

Deno.test("StoreState.incarnationOf() is that of the last command of a node", () => {
  const state = new StoreState(roomy);
  assert.equal(state.incarnationOf("n1"), 0);
  state.apply(command([], { incarnation: 3 }));
  assert.equal(state.incarnationOf("n1"), 3);
});

function transaction(parts: Partial<Transaction>, changes: Partial<Command> = {}): Command {
  const whole = { compare: [], then: [], otherwise: [], ...parts };
  return command([], { transaction: whole, ...changes });
}

function tick(state: StoreState, elapsedMs = 1_000) {
  return state.apply(transaction({ then: [{ type: "tick", elapsedMs }] }, { writer: "leader" }));
}

const grant: Operation = { type: "grant", lease: "l1", ttlMs: 2_000 };

Deno.test("StoreState.apply() deletes the keys of a lease when log time has passed it", () => {
  const state = new StoreState(roomy);
  assert.ok(!state.needsTime);
  const leased = { ...put("user/b"), lease: "l1" } as Operation;
  state.apply(command([grant, leased, { ...put("user/a"), lease: "l1" } as Operation]));
  assert.ok(state.needsTime);
  // One tick more than the time to live: the first one may have begun before the grant.
  for (let ms = 0; ms < 2_000; ms += 1_000) assert.equal(tick(state).change, undefined);
  const { change, applied } = tick(state);
  assert.deepEqual(change?.events.map(({ key, entry }) => [key, entry]), [
    ["user/a", undefined],
    ["user/b", undefined],
  ]);
  assert.equal(applied.deleted, 2);
  assert.equal(state.timeMs, 3_000);
  assert.ok(!state.needsTime);
});

Deno.test("StoreState.apply() lets renewals keep a lease, and revocation end it at once", () => {
  const state = new StoreState(roomy);
  state.apply(command([grant, { ...put("user/a"), lease: "l1" } as Operation]));
  for (let round = 0; round < 10; round++) {
    assert.equal(tick(state).change, undefined);
    state.apply(command([{ type: "renew", lease: "l1" }]));
  }
  const { change } = state.apply(command([{ type: "revoke", lease: "l1" }]));
  assert.deepEqual(change?.events.map(({ key }) => key), ["user/a"]);
  for (const type of ["renew", "revoke"] as const) {
    assert.equal(state.apply(command([{ type, lease: "l1" }])).applied.outcome, "noLease");
  }
});

Deno.test("StoreState.apply() frees a key of its lease by a put without one", () => {
  const state = new StoreState(roomy);
  state.apply(command([grant, { ...put("user/a"), lease: "l1" } as Operation]));
  state.apply(command([put("user/a", "2")]));
  for (let round = 0; round < 4; round++) tick(state);
  assert.ok(!state.needsTime);
  assert.notEqual(state.get("user/a"), undefined);
});

Deno.test("StoreState.apply() does nothing of a transaction that names a missing lease", () => {
  const state = new StoreState(roomy);
  const leased = { ...put("user/a"), lease: "l1" } as Operation;
  const { applied } = state.apply(command([put("user/b"), leased]));
  assert.equal(applied.outcome, "noLease");
  assert.deepEqual(state.list(""), []);
  // Granted after it in the same transaction is too late.
  assert.equal(state.apply(command([leased, grant])).applied.outcome, "noLease");
});

Deno.test("StoreState.apply() takes ticks from leaders only", () => {
  const state = new StoreState(roomy);
  const { applied } = state.apply(command([{ type: "tick", elapsedMs: 1 }]));
  assert.equal(applied.outcome, "forbidden");
  assert.equal(state.timeMs, 0);
});

Deno.test("StoreState.apply() compares values and existence", () => {
  const state = new StoreState(roomy);
  const set = (compare: Compare) =>
    state.apply(transaction({ compare: [compare], then: [put("user/b")] })).applied.succeeded;
  assert.ok(!set({ key: "user/a", exists: true }));
  assert.ok(!set({ key: "user/a", value: new Uint8Array() }));
  state.apply(command([put("user/a", "xy")]));
  assert.ok(set({ key: "user/a", exists: true }));
  assert.ok(set({ key: "user/a", value: utf8.encode("xy") }));
  assert.ok(!set({ key: "user/a", value: utf8.encode("x") }));
  assert.ok(!set({ key: "user/a", value: utf8.encode("xz") }));
});

Deno.test("StoreState.apply() answers an idempotency key again without doing it again", () => {
  const state = new StoreState(roomy);
  const idempotency = { key: "local/k", fingerprint: "f1" };
  const once = () => transaction({ then: [put("user/a")], idempotency });
  const first = state.apply(once());
  const again = state.apply(once());
  assert.deepEqual(again, { applied: first.applied, change: undefined });
  const other = transaction({
    then: [put("user/b")],
    idempotency: { ...idempotency, fingerprint: "f2" },
  });
  assert.equal(state.apply(other).applied.outcome, "mismatch");
  assert.deepEqual(state.list(""), ["user/a"]);
});

Deno.test("StoreState.apply() forgets idempotent answers by log time and by number", () => {
  const state = new StoreState(roomy);
  const once = (name: string) =>
    state.apply(
      transaction({ then: [put("user/a")], idempotency: { key: name, fingerprint: "f" } }),
    );
  once("first");
  for (let ms = 0; ms < 600_000; ms += 1_000) tick(state);
  assert.notEqual(once("first").change, undefined);
  for (let count = 0; count < 10_000; count++) once(`k${count}`);
  assert.notEqual(once("first").change, undefined);
  assert.equal(once("k9999").change, undefined);
});

Deno.test("StoreState.restore() brings leases, answers and log time along", () => {
  const state = new StoreState(roomy);
  const idempotency = { key: "local/k", fingerprint: "f1" };
  state.apply(command([grant, { ...put("user/a"), lease: "l1" } as Operation]));
  state.apply(transaction({ then: [put("user/b")], idempotency }));
  tick(state);
  const restored = new StoreState(roomy);
  restored.restore(state.snapshot());
  assert.deepEqual(restored.snapshot(), state.snapshot());
  assert.equal(restored.timeMs, 1_000);
  const again = transaction({ then: [put("user/b")], idempotency });
  const ticks = [1, 2].map(() =>
    transaction({ then: [{ type: "tick", elapsedMs: 1_000 }] }, { writer: "leader" })
  );
  for (const each of [state, restored]) {
    assert.equal(each.apply(again).change, undefined);
    const changes = ticks.map((one) => each.apply(one).change);
    assert.deepEqual(changes[1]?.events.map(({ key }) => key), ["user/a"]);
  }
  assert.deepEqual(restored.snapshot(), state.snapshot());
});
