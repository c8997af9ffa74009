import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteReader, ByteWriter, DecodeError } from "../../base/codec.ts";
import { readDhtMessage, readEntry, writeDhtMessage, writeEntry } from "./codec.ts";
import type { DhtMessage } from "./message.ts";

fc.configureGlobal({ seed: 34 });

const version = { timeMs: 1_700_000_000_000, counter: 65_535, writer: "n1~abc" };
const entry = { version, value: new Uint8Array([1, 2, 3]) };
const tombstone = { version, value: undefined };
const listed = [{ key: "a", version, isTombstone: false }, {
  key: "ü",
  version,
  isTombstone: true,
}];
const asked = { id: 2 ** 52, revision: 7 };
const buckets = Array<string>(16).fill("0123456789abcdef");
const members = [{ node: "n1", storage: "s1" }, { node: "n2", storage: "s2" }];

const samples: readonly DhtMessage[] = [
  { type: "write", ...asked, scope: "artifacts", key: "k", entry },
  { type: "write", ...asked, scope: "full", key: "k", entry: tombstone },
  { type: "wrote", ...asked, storage: "s1", outcome: { type: "stored" } },
  { type: "wrote", ...asked, storage: "s1", outcome: { type: "superseded", version } },
  { type: "wrote", ...asked, storage: "s1", outcome: { type: "failed", cause: "full" } },
  { type: "read", ...asked, scope: "chunks", key: "k" },
  { type: "readTell", ...asked, storage: "s1", outcome: { type: "entry", entry } },
  { type: "readTell", ...asked, storage: "s1", outcome: { type: "absent" } },
  { type: "readTell", ...asked, storage: "s1", outcome: { type: "failed", cause: "corrupt" } },
  {
    type: "digestAsk",
    ...asked,
    scope: "cache",
    digests: [{ partition: 1_023, digest: "0000000000000000" }],
  },
  { type: "digestTell", ...asked, differing: [0, 1_023] },
  { type: "listAsk", ...asked, scope: "artifacts", partition: 5, buckets, after: "a" },
  {
    type: "listTell",
    ...asked,
    storage: "s1",
    outcome: { type: "listed", listed, isLast: true, damaged: 3 },
  },
  { type: "listTell", ...asked, storage: "s1", outcome: { type: "failed", cause: "notOwner" } },
  { type: "fetchAsk", ...asked, scope: "artifacts", keys: ["a", "b"] },
  { type: "fetchTell", ...asked, entries: [{ key: "a", entry }], answered: 2, failed: 1 },
  { type: "holdAsk", ...asked, scope: "artifacts", partition: 5, tombstones: listed },
  { type: "holdTell", ...asked, keys: ["a"] },
  { type: "collect", ...asked, scope: "artifacts", partition: 5, tombstones: listed },
  { type: "viewAsk", revision: 3 },
  { type: "view", view: { revision: 3, members, next: members.slice(1), lost: ["s1"] } },
  { type: "view", view: { revision: 4, members, next: undefined, lost: [] } },
];

Deno.test("readDhtMessage() reads what writeDhtMessage() wrote", () => {
  for (const message of samples) {
    const writer = new ByteWriter();
    writeDhtMessage(writer, message);
    const reader = new ByteReader(writer.take());
    assert.deepEqual(readDhtMessage(reader), message);
    reader.end();
  }
});

Deno.test("readDhtMessage() reads every other byte string as a message or throws DecodeError", () => {
  const whole = samples.map((message) => {
    const writer = new ByteWriter();
    writeDhtMessage(writer, message);
    return writer.take();
  });
  const broken = fc.tuple(fc.constantFrom(...whole), fc.nat(), fc.nat(255)).map(
    ([bytes, at, byte]) => {
      const copy = bytes.slice();
      copy[at % copy.length] = byte;
      return copy;
    },
  );
  const attempt = (bytes: Uint8Array) => {
    try {
      readDhtMessage(new ByteReader(bytes));
    } catch (error) {
      assert.ok(error instanceof DecodeError, String(error));
    }
  };
  fc.assert(fc.property(broken, attempt), { numRuns: 2_000 });
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), attempt), { numRuns: 1_000 });
});

Deno.test("readEntry() reads what writeEntry() wrote", () => {
  for (const each of [entry, tombstone]) {
    const writer = new ByteWriter();
    writeEntry(writer, each);
    assert.deepEqual(readEntry(new ByteReader(writer.take())), each);
  }
});
