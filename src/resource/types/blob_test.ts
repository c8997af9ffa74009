import assert from "node:assert/strict";
import { ManualClock } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";
import { collectionKey, keys } from "../../protocol/keys.ts";
import { limits } from "../../protocol/limits.ts";
import type { FileRecord, StagedFile } from "../../protocol/storage/artifacts.ts";
import type { BlobStat } from "../../sdk/resource/blob.ts";
import { StoreState } from "../../store/state.ts";
import { localStoreAccess } from "../store_access.ts";
import { BlobSession } from "./blob.ts";

const hash = "a".repeat(64);

/** A session over a store, and a storage thread that takes at its own pace. */
class World {
  readonly clock = new ManualClock();
  readonly state = new StoreState({ maxBytes: 1_000_000 });
  readonly session: BlobSession;
  /** What arrived of each upload, or why it did not. */
  readonly taken: (Uint8Array | string)[] = [];
  /** Holds the storage back. */
  gate: Promise<void> = Promise.resolve();
  failure: AetherError | undefined;
  cancelled = 0;
  #sequence = 0;

  constructor() {
    const store = localStoreAccess({
      state: this.state,
      readBarrier: () => Promise.resolve(),
      propose: (writer, transaction) =>
        Promise.resolve(
          this.state.apply({
            ...{ node: "n1", incarnation: 1, sequence: ++this.#sequence, acknowledgedBelow: 0 },
            ...{ writer, transaction },
          }).applied,
        ),
    }, {} as never);
    const line = {
      ask: (topic: string, ask: unknown) => this.#ask(topic, ask as never) as Promise<never>,
      guard: <Chunk>(stream: ReadableStream<Chunk>) => stream,
    };
    const prefix = keys.blob.key("org.example:a", "photos", "");
    this.session = new BlobSession(prefix, { maxBytes: 1_000 }, { line, store, clock: this.clock });
  }

  call(op: string, args: Record<string, unknown> = {}): Promise<unknown> {
    return this.session.call({ op, ...args });
  }

  async put(key: string, text: string): Promise<BlobStat> {
    const stream = await this.call("begin", { key, contentType: "text/plain" });
    await this.call("write", { stream, bytes: new TextEncoder().encode(text) });
    return await this.call("commit", { stream }) as BlobStat;
  }

  collection(isRunning: boolean): void {
    this.state.apply({
      ...{ node: "n2", incarnation: 1, sequence: ++this.#sequence, acknowledgedBelow: 0 },
      writer: "node",
      transaction: {
        compare: [],
        then: [
          keys.collection.put(collectionKey, {
            ...{ node: "n2", startedAtMs: this.clock.wallMs(), isRunning },
          }),
        ],
        otherwise: [],
      },
    });
  }

  async #ask(
    topic: string,
    { stream, record }: { stream: ReadableStream<Uint8Array>; record: FileRecord },
  ): Promise<unknown> {
    if (topic === "artifacts.read") {
      let left = record.sizeBytes;
      return new ReadableStream<Uint8Array>({
        pull(controller) {
          if (left-- > 0) controller.enqueue(Uint8Array.of(120));
          else controller.close();
        },
        cancel: () => void this.cancelled++,
      }, { highWaterMark: 0 });
    }
    await this.gate;
    try {
      if (this.failure !== undefined) throw this.failure;
      const bytes = await new Response(stream).bytes();
      this.taken.push(bytes);
      const sizeBytes = bytes.length;
      const sums = { sha256: hash, sha1: "b".repeat(40), md5: "c".repeat(32), index: hash };
      return { sizeBytes, ...sums, underReplicated: 0 } satisfies StagedFile;
    } catch (error) {
      this.taken.push(String(error));
      throw error;
    }
  }
}

Deno.test("blob is there when it is committed, and reads as it was put", async () => {
  const world = new World();
  const stat = await world.put("a/1", "xxx");
  const { storedAtMs } = stat;
  const expected = { key: "a/1", sizeBytes: 3, sha256: hash, contentType: "text/plain" };
  assert.deepEqual(stat, { ...expected, storedAtMs });
  assert.deepEqual(await world.call("stat", { key: "a/1" }), stat);
  const opened = await world.call("open", { key: "a/1" }) as { stream: number; stat: BlobStat };
  assert.deepEqual(opened.stat, stat);
  const read = () => world.call("next", { stream: opened.stream });
  for (let i = 0; i < 3; i++) assert.deepEqual(await read(), Uint8Array.of(120));
  assert.equal(await read(), null);
  await assert.rejects(read(), { name: "RESOURCE_LOST" });
  assert.deepEqual(await world.call("open", { key: "none" }), null);
  assert.deepEqual(
    [await world.call("delete", { key: "a/1" }), await world.call("delete", { key: "a/1" })],
    [true, false],
  );
  assert.equal(await world.call("stat", { key: "a/1" }), null);
});

Deno.test("blob lists its own keys, page by page", async () => {
  const world = new World();
  for (const key of ["b", "a/2", "a/1"]) await world.put(key, "x");
  const list = async (args: Record<string, unknown>) =>
    (await world.call("list", { prefix: "", limit: 10, ...args }) as BlobStat[])
      .map(({ key }) => key);
  assert.deepEqual(await list({}), ["a/1", "a/2", "b"]);
  assert.deepEqual(await list({ prefix: "a/", after: "a/1" }), ["a/2"]);
  assert.deepEqual(await list({ limit: 1, after: "a/2" }), ["b"]);
});

Deno.test("blob refuses what is larger than maxBytes while it arrives, and keeps the former", async () => {
  const world = new World();
  await world.put("a", "x");
  const stream = await world.call("begin", { key: "a" });
  await world.call("write", { stream, bytes: new Uint8Array(1_000) });
  await assert.rejects(world.call("write", { stream, bytes: new Uint8Array(1) }), {
    name: "BLOB_TOO_LARGE",
    message: 'Blob "a" has more than 1000 bytes, the maxBytes of its section',
  });
  await assert.rejects(world.call("commit", { stream }), { name: "RESOURCE_LOST" });
  assert.equal((await world.call("stat", { key: "a" }) as BlobStat).sizeBytes, 1);
  const bytes = new Uint8Array(limits.blobPieceBytes + 1);
  await assert.rejects(world.call("write", { stream, bytes }), { name: "REQUEST_INVALID" });
  await assert.rejects(world.call("begin", { key: "" }), { name: "KEY_INVALID" });
});

Deno.test("blob takes pieces at the pace of the storage", async () => {
  const world = new World();
  const gate = Promise.withResolvers<void>();
  world.gate = gate.promise;
  const stream = await world.call("begin", { key: "a" });
  let written = 0;
  const writing = (async () => {
    for (; written < 8; written++) {
      await world.call("write", { stream, bytes: Uint8Array.of(written) });
    }
  })();
  await new Promise((resolve) => setTimeout(resolve));
  assert.ok(written <= 1, `${written} pieces were taken while the storage took none`);
  gate.resolve();
  await writing;
  await world.call("commit", { stream });
  assert.deepEqual(world.taken, [Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7)]);
});

Deno.test("blob fails as the storage does, and as a collection of chunks wants", async () => {
  const world = new World();
  world.failure = new AetherError("DHT_QUORUM", "1 of 3 owners");
  await assert.rejects(world.put("a", "x"), { name: "DHT_QUORUM" });
  world.failure = undefined;
  world.collection(true);
  await assert.rejects(world.put("a", "x"), { name: "NOT_PROPOSED" });
  world.collection(false);
  const stream = await world.call("begin", { key: "a" });
  world.collection(true);
  world.collection(false);
  await assert.rejects(world.call("commit", { stream }), { name: "NOT_PROPOSED" });
  assert.equal(await world.call("stat", { key: "a" }), null);
});

Deno.test("blob ends what an instance leaves open, rests too long with, or has too much of", async () => {
  const world = new World();
  await world.put("a", "xxx");
  const open = async () => (await world.call("open", { key: "a" }) as { stream: number }).stream;
  const rested = await open();
  const upload = await world.call("begin", { key: "b" });
  world.clock.advance(60_000);
  await assert.rejects(world.call("next", { stream: rested }), { name: "RESOURCE_LOST" });
  await assert.rejects(world.call("write", { stream: upload, bytes: Uint8Array.of(1) }), {
    name: "RESOURCE_LOST",
  });
  for (let i = 0; i < 64; i++) await open();
  await assert.rejects(open(), { name: "OVERLOADED" });
  await world.call("begin", { key: "c" });
  world.session.close();
  await new Promise((resolve) => setTimeout(resolve));
  assert.equal(world.cancelled, 65);
  assert.equal(world.taken.filter((each) => typeof each === "string").length, 2);
  await assert.rejects(world.call("begin", { key: "d" }), { name: "RESOURCE_LOST" });
});

Deno.test("blob answers parts, and refuses those that it does not have", async () => {
  const world = new World();
  await world.put("a", "xxx");
  const open = (first: number, last?: number) => world.call("open", { key: "a", first, last });
  for (const [first, last] of [[0, 0], [2, 9], [0, undefined]] as const) {
    assert.notEqual(await open(first, last), null);
  }
  for (const [first, last] of [[3, undefined], [2, 1]] as const) {
    await assert.rejects(open(first, last), { name: "RANGE_INVALID" });
  }
});
