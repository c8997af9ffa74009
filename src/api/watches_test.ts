import assert from "node:assert/strict";
import { ManualClock } from "../base/clock.ts";
import { AetherError } from "../base/errors.ts";
import type { WatchMessage } from "../protocol/api/data/kv.ts";
import { History } from "../store/history.ts";
import type { StoreChange } from "../store/state.ts";
import { Watches } from "./watches.ts";

/** A store that is only its history. */
class Feed {
  readonly history = new History({ revisions: 5 });
  readonly clock = new ManualClock();
  readonly watches = new Watches(this, this.clock, () => 2);
  readonly #listeners = new Set<(change: StoreChange) => void>();

  onChange(listener: (change: StoreChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  get listeners(): number {
    return this.#listeners.size;
  }

  /** Writes keys, or deletes those that start with "-". */
  change(revision: number, ...keys: string[]): void {
    const events = keys.map((name) => {
      const isDelete = name.startsWith("-");
      const value = new TextEncoder().encode(`v${revision}`);
      const entry = { value, contentType: "text/plain", createRevision: revision, revision };
      return {
        key: isDelete ? name.slice(1) : name,
        entry: isDelete ? undefined : entry,
        previous: undefined,
      };
    });
    const change = { revision, events };
    this.history.add(change);
    for (const listener of this.#listeners) listener(change);
  }
}

async function take(watch: AsyncIterator<WatchMessage>): Promise<WatchMessage | undefined> {
  const { value, done } = await watch.next();
  return done ? undefined : value;
}

function shown(message: WatchMessage | undefined): string {
  if (message === undefined) return "end";
  const events = message.type === "change"
    ? message.events.map(({ op, key, value }) => ` ${op} ${key} ${value ?? ""}`.trimEnd()).join("")
    : "";
  return `${message.type} ${message.revision}${events}`;
}

Deno.test("Watches.open() tells where it begins, then all changes of a transaction at once", async () => {
  const feed = new Feed();
  feed.change(1, "user/a");
  const watch = feed.watches.open({ prefix: "", from: undefined });
  assert.equal(shown(await take(watch)), "progress 1");
  feed.change(2, "user/b", "target/x", "-user/a");
  feed.change(3, "user/c");
  assert.equal(shown(await take(watch)), "change 2 put b v2 delete a");
  assert.equal(shown(await take(watch)), "change 3 put c v3");
});

Deno.test("Watches.open() goes on after a revision, and only with its prefix", async () => {
  const feed = new Feed();
  feed.change(1, "user/a/1");
  feed.change(2, "user/b/1");
  feed.change(3, "user/a/2");
  const watch = feed.watches.open({ prefix: "a/", from: 1 });
  assert.equal(shown(await take(watch)), "progress 1");
  assert.equal(shown(await take(watch)), "change 3 put a/2 v3");
});

Deno.test("Watches.open() wakes a waiting watch, and tells its progress when nothing matches", async () => {
  const feed = new Feed();
  const watch = feed.watches.open({ prefix: "a/", from: undefined });
  await take(watch);
  const next = take(watch);
  feed.change(1, "user/a/1");
  assert.equal(shown(await next), "change 1 put a/1 v1");
  const progress = take(watch);
  feed.change(2, "user/b");
  await Promise.resolve();
  feed.clock.advance(5_000);
  assert.equal(shown(await progress), "progress 2");
});

Deno.test("Watches.open() cuts a watch that fell behind, and never skips", async () => {
  const feed = new Feed();
  const watch = feed.watches.open({ prefix: "", from: undefined });
  await take(watch);
  for (let revision = 1; revision <= 6; revision++) feed.change(revision, "user/a");
  assert.equal(shown(await take(watch)), "compacted 1");
  assert.equal(shown(await take(watch)), "end");
  assert.equal(feed.watches.size, 0);
  const compacted = (error: unknown) => error instanceof AetherError && error.name === "COMPACTED";
  assert.throws(() => feed.watches.open({ prefix: "", from: 0 }), compacted);
});

Deno.test("Watches.open() ends a watch whose history was replaced by a snapshot", async () => {
  const feed = new Feed();
  const watch = feed.watches.open({ prefix: "", from: undefined });
  await take(watch);
  feed.history.reset(9);
  assert.equal(shown(await take(watch)), "compacted 9");
});

Deno.test("Watches.open() has a limit, and ended watches make room", async () => {
  const feed = new Feed();
  const first = feed.watches.open({ prefix: "", from: undefined });
  const second = feed.watches.open({ prefix: "", from: undefined });
  const exhausted = (error: unknown) =>
    error instanceof AetherError && error.name === "WATCHES_EXHAUSTED";
  assert.throws(() => feed.watches.open({ prefix: "", from: undefined }), exhausted);
  await first.return?.();
  const third = feed.watches.open({ prefix: "", from: undefined });
  await take(third);
  const waiting = take(third);
  feed.watches.close();
  assert.equal(shown(await waiting), "end");
  assert.equal(shown(await take(second)), "end");
  assert.equal(feed.listeners, 0);
});

Deno.test("Watches.open() gives bytes that are no text as base64", async () => {
  const feed = new Feed();
  const watch = feed.watches.open({ prefix: "", from: 0 });
  await take(watch);
  const entry = {
    value: Uint8Array.of(0xff, 0),
    contentType: "image/png",
    createRevision: 1,
    revision: 1,
  };
  feed.history.add({ revision: 1, events: [{ key: "user/a", entry, previous: undefined }] });
  const message = await take(watch);
  assert.deepEqual(message, {
    type: "change",
    revision: 1,
    events: [{
      key: "a",
      op: "put",
      value: "/wA=",
      encoding: "base64",
      contentType: "image/png",
      createRevision: 1,
    }],
  });
});
