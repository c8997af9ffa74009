import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError, type Problem } from "../base/errors.ts";
import { limits } from "../protocol/limits.ts";
import type { Applied, Transaction, Writer } from "../protocol/store/command.ts";
import { createLogger } from "../sdk/logger.ts";
import { StoreState } from "../store/state.ts";
import { ResourceServer } from "./resource_server.ts";

interface Reply {
  readonly id: number;
  readonly ok: boolean;
  readonly result?: unknown;
  readonly problem?: Problem;
}

/** A server of `org.example:a`, and the instance's end of its port. */
class World {
  readonly state = new StoreState({ maxBytes: 100_000_000 });
  readonly logs: string[] = [];
  readonly proposals: Transaction[] = [];
  readonly server: ResourceServer;
  readonly #port: MessagePort;
  readonly #waiting = new Map<number, (reply: Reply) => void>();
  #nextId = 1;
  #sequence = 0;
  /** Holds proposals back, when set. */
  gate: Promise<void> | undefined;
  failure: unknown;

  constructor(artifactBase = "org.example:a") {
    const { port1, port2 } = new MessageChannel();
    this.#port = port1;
    port1.onmessage = ({ data }) => this.#waiting.get(data.id)?.(data);
    this.server = new ResourceServer({
      port: port2,
      artifactBase,
      kvNames: new Set(["links"]),
      store: {
        state: this.state,
        propose: (writer, transaction) => this.#propose(writer, transaction),
        readBarrier: () => this.gate ?? Promise.resolve(),
      },
      log: createLogger((level, message, fields) => {
        this.logs.push(`${level} ${message} ${JSON.stringify(fields)}`);
      }),
    });
  }

  async #propose(writer: Writer, transaction: Transaction): Promise<Applied> {
    this.proposals.push(transaction);
    await this.gate;
    if (this.failure !== undefined) throw this.failure;
    return this.apply(writer, transaction);
  }

  apply(writer: Writer, transaction: Transaction): Applied {
    return this.state.apply({
      node: "n1",
      incarnation: 1,
      sequence: ++this.#sequence,
      acknowledgedBelow: 0,
      writer,
      transaction,
    }).applied;
  }

  post(message: unknown): void {
    this.#port.postMessage(message);
  }

  /** The answer to a request of `links`. */
  ask(request: Record<string, unknown>): Promise<Reply> {
    const id = this.#nextId++;
    return new Promise((resolve) => {
      this.#waiting.set(id, resolve);
      this.post({ id, resource: "links", ...request });
    });
  }

  async result(request: Record<string, unknown>): Promise<unknown> {
    const reply = await this.ask(request);
    assert.equal(reply.ok, true, JSON.stringify(reply.problem));
    return reply.result;
  }

  async problem(request: Record<string, unknown>): Promise<Problem> {
    const { problem } = await this.ask(request);
    return problem ?? assert.fail("It was done");
  }

  [Symbol.dispose](): void {
    this.server.close();
    this.#port.close();
  }
}

Deno.test("ResourceServer reads, writes and deletes under the slice's prefix", async () => {
  using world = new World();
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
  assert.equal(await world.result({ op: "put", key: "a", value: '{"n":1}' }), 1);
  assert.deepEqual(world.state.list(""), ["slice/org.example:a/a"]);
  assert.equal(world.state.get("slice/org.example:a/a")?.contentType, "application/json");
  assert.deepEqual(await world.result({ op: "entry", key: "a" }), {
    key: "a",
    value: '{"n":1}',
    revision: 1,
  });
  assert.equal(await world.result({ op: "delete", key: "a" }), true);
  assert.equal(await world.result({ op: "delete", key: "a" }), false);
});

Deno.test("ResourceServer lists in key order, by prefix, up to a limit", async () => {
  using world = new World();
  for (const key of ["b", "a/2", "a/1", "a"]) {
    await world.result({ op: "put", key, value: `"${key}"` });
  }
  const list = async (prefix: string, limit: number) => {
    const entries = await world.result({ op: "list", prefix, limit }) as { key: string }[];
    return entries.map(({ key }) => key);
  };
  assert.deepEqual(await list("", 1_000), ["a", "a/1", "a/2", "b"]);
  assert.deepEqual(await list("a/", 1_000), ["a/1", "a/2"]);
  assert.deepEqual(await list("", 2), ["a", "a/1"]);
  assert.deepEqual(await list("c", 2), []);
});

Deno.test("ResourceServer compares and sets", async () => {
  using world = new World();
  const put = (ifRevision: number) => ({ op: "put", key: "a", value: "1", ifRevision });
  assert.equal(await world.result(put(0)), 1);
  const conflict = await world.problem(put(0));
  assert.deepEqual([conflict.code, conflict.status], ["KV_CONFLICT", 409]);
  assert.deepEqual((conflict as unknown as { data: unknown }).data, {
    key: "a",
    expected: 0,
    actual: 1,
  });
  assert.equal(await world.result(put(1)), 2);
  assert.equal((await world.problem({ op: "delete", key: "a", ifRevision: 1 })).status, 409);
  assert.equal(await world.result({ op: "delete", key: "a", ifRevision: 2 }), true);
  assert.equal(await world.result({ op: "delete", key: "a", ifRevision: 0 }), false);
});

Deno.test("ResourceServer confines a slice to its own keys, whatever keys it asks for", async () => {
  using world = new World();
  const others = ["slice/org.example:ab/x", "slice/org.example:b/x", "user/x"];
  for (const key of others) {
    const writer = key.startsWith("user/") ? "user" : "slice";
    const operation = { type: "put" as const, key, value: new Uint8Array(1), contentType: "" };
    world.apply(writer, { compare: [], then: [operation], otherwise: [] });
  }
  const nasty = fc.oneof(
    fc.string({ minLength: 1, maxLength: 30 }),
    fc.constantFrom("../org.example:b/x", "/x", "b/x", "//user/x", "..", "__proto__", ...others),
  );
  await fc.assert(
    fc.asyncProperty(nasty, async (key) => {
      for (const op of ["entry", "put", "delete"]) await world.ask({ op, key, value: "1" });
      const found = await world.ask({ op: "list", prefix: key, limit: 1_000 });
      for (const { key: listed } of (found.result ?? []) as { key: string }[]) {
        assert.ok(!others.includes(listed) && listed.startsWith(key));
      }
      const revisions = others.map((other) => world.state.get(other)?.revision);
      assert.deepEqual(revisions, [1, 2, 3]);
      for (const { compare, then } of world.proposals) {
        for (const item of [...compare, ...then]) {
          assert.ok("key" in item && item.key.startsWith("slice/org.example:a/"));
        }
      }
    }),
    { seed: 1, numRuns: 60 },
  );
});

Deno.test("ResourceServer offers only what the manifest declares", async () => {
  using world = new World();
  for (const resource of ["other", "", "__proto__", "constructor"]) {
    const problem = await world.problem({ op: "entry", key: "a", resource });
    assert.equal(problem.name, "CALL_REFUSED");
    assert.match(problem.detail, /org.example:a does not declare a kv\(\) named/);
  }
});

Deno.test("ResourceServer names what is wrong with a key or a value", async () => {
  using world = new World();
  for (const key of ["", "a\n", "k".repeat(400), "k".repeat(10_000), "\ud800"]) {
    for (const op of ["entry", "put", "delete"]) {
      assert.equal((await world.problem({ op, key, value: "1" })).name, "KEY_INVALID", op);
    }
  }
  const large = "é".repeat(limits.kvValueBytes / 2) + "e";
  const problem = await world.problem({ op: "put", key: "a", value: large });
  assert.equal(problem.name, "VALUE_TOO_LARGE");
  assert.match(problem.detail, /has 1048577 bytes; the limit is 1048576/);
  assert.equal(world.proposals.length, 0);
});

Deno.test("ResourceServer keeps the whole key within the store's limit", async () => {
  using world = new World(`org.${"e".repeat(100)}:${"n".repeat(150)}`);
  assert.equal(
    (await world.problem({ op: "put", key: "k".repeat(300), value: "1" })).name,
    "KEY_INVALID",
  );
  await world.result({ op: "put", key: "k".repeat(249), value: "1" });
  assert.ok((world.state.list("")[0] ?? "").length <= limits.keyBytes);
});

Deno.test("ResourceServer answers a request that is not valid, if somebody can wait for it", async () => {
  using world = new World();
  const wrong = [
    { op: "list", prefix: "", limit: 0 },
    { op: "list", prefix: "", limit: 1.5 },
    { op: "list", prefix: "", limit: limits.listMax + 1 },
    { op: "list", prefix: "", limit: Number.NaN },
    { op: "put", key: "a", value: "1", ifRevision: -1 },
    { op: "put", key: "a", value: 1 },
    { op: "entry", key: 5 },
    { op: "entry" },
    { op: "other", key: "a" },
    { op: "entry", key: "a", resource: 5 },
    {},
  ];
  for (const request of wrong) {
    const problem = await world.problem(request);
    assert.equal(problem.name, "REQUEST_INVALID", JSON.stringify(request));
    assert.ok((problem.issues?.length ?? 0) > 0);
  }
  assert.equal(world.server.malformed, wrong.length);
});

Deno.test("ResourceServer survives and counts whatever else it is sent", async () => {
  using world = new World();
  const wrong = [
    undefined,
    null,
    5,
    "text",
    [],
    {},
    { id: -1, op: "entry" },
    { op: "log" },
    {
      op: "log",
      level: "fatal",
      message: "",
      fields: "{}",
    },
    { op: "log", level: "info", message: "m", fields: "x".repeat(40_000) },
    new Map(),
  ];
  for (const message of wrong) world.post(message);
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
  assert.equal(world.server.malformed, wrong.length);
  assert.deepEqual(world.logs, []);
});

Deno.test("ResourceServer writes the slice's lines with the fields that are JSON", async () => {
  using world = new World();
  const lines = ['{"n":1}', "[1]", "null", "5", "{"];
  for (const fields of lines) world.post({ op: "log", level: "warn", message: "Hello", fields });
  await world.result({ op: "entry", key: "a" });
  assert.deepEqual(world.logs, [
    'warn Hello {"n":1}',
    'warn Hello {"0":1}',
    "warn Hello {}",
    "warn Hello {}",
    'warn Hello {"fields":"are not JSON"}',
  ]);
});

Deno.test("ResourceServer passes the store's failures on, and hides nothing of their kind", async () => {
  using world = new World();
  world.failure = new AetherError("STORE_FULL", "The store is full");
  assert.equal((await world.problem({ op: "put", key: "a", value: "1" })).name, "STORE_FULL");
  world.failure = new Error("Boom");
  assert.equal((await world.problem({ op: "delete", key: "a" })).name, "INTERNAL");
});

Deno.test("ResourceServer refuses more than 1000 requests at a time", async () => {
  using world = new World();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const answers = Array.from({ length: 1_001 }, () => world.ask({ op: "entry", key: "a" }));
  const refused = await Promise.race(answers);
  assert.equal(refused.problem?.name, "OVERLOADED");
  gate.resolve();
  const replies = await Promise.all(answers);
  assert.equal(replies.filter(({ ok }) => ok).length, 1_000);
  world.gate = undefined;
  assert.equal(await world.result({ op: "entry", key: "a" }), null);
});
