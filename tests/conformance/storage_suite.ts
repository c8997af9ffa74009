/**
 * What every {@link Storage} must do: one suite, run on the disk and on the twin in memory.
 *
 * @module
 */
import assert from "node:assert/strict";
import { InvariantError } from "../../src/base/assert.ts";
import type { Storage } from "../../src/base/storage.ts";

/** Gives an empty storage to a test and takes it back. */
export type StorageHarness = (test: (storage: Storage) => Promise<void>) => Promise<void>;

function bytes(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

async function textOf(storage: Storage, name: string): Promise<string | undefined> {
  const content = await storage.read(name);
  return content === undefined ? undefined : new TextDecoder().decode(content);
}

type Test = (behaviour: string, run: (storage: Storage) => Promise<void>) => void;

/** Registers the suite under a name. */
export function testStorage(name: string, withStorage: StorageHarness): void {
  const test: Test = (behaviour, run) => Deno.test(`${name}: ${behaviour}`, () => withStorage(run));
  testAppending(test);
  testReserving(test);
  testReplacing(test);
  testDirectory(test);
}

function testAppending(test: Test): void {
  test("an empty storage has no files", async (storage) => {
    assert.deepEqual(await storage.list(), []);
    assert.equal(await storage.read("a.bin"), undefined);
  });

  test("openAppend() makes a file and goes on at its end when opened again", async (storage) => {
    const first = await storage.openAppend("a.log");
    assert.equal(first.sizeBytes, 0);
    first.append(bytes("one"));
    first.append(bytes("two"));
    assert.equal(first.sizeBytes, 6);
    await first.sync();
    first.close();
    const again = await storage.openAppend("a.log");
    assert.equal(again.sizeBytes, 6);
    again.append(bytes("three"));
    again.close();
    assert.equal(await textOf(storage, "a.log"), "onetwothree");
  });

  test("append() copies: the bytes may be reused at once", async (storage) => {
    const file = await storage.openAppend("a.log");
    const buffer = bytes("first");
    file.append(buffer);
    buffer.fill(0);
    await file.sync();
    file.close();
    assert.equal(await textOf(storage, "a.log"), "first");
  });
}

function testReserving(test: Test): void {
  const options = { reserveBytes: 1000 };
  const zeros = (count: number) => "\0".repeat(count);

  test("openAppend() with a reserve keeps zeros behind the end", async (storage) => {
    const file = await storage.openAppend("a.log", options);
    assert.equal(await textOf(storage, "a.log"), "", "nothing before the first append");
    file.append(bytes("one"));
    assert.equal(await textOf(storage, "a.log"), "one" + zeros(997));
    file.append(bytes("two"));
    await file.sync();
    assert.equal(file.sizeBytes, 6, "the reserve does not count");
    assert.equal(await textOf(storage, "a.log"), "onetwo" + zeros(994));
    file.append(bytes("x".repeat(994)));
    assert.equal(await textOf(storage, "a.log"), "onetwo" + "x".repeat(994), "it is used up");
    file.append(bytes("y".repeat(1500)));
    assert.equal(file.sizeBytes, 2500);
    const expected = "onetwo" + "x".repeat(994) + "y".repeat(1500) + zeros(500);
    assert.equal(await textOf(storage, "a.log"), expected);
    file.close();
    assert.equal(await textOf(storage, "a.log"), expected, "it stays when the file is closed");
  });

  test("a reserve is cut off and made again", async (storage) => {
    await storage.writeAtomic("a.log", [bytes("head")]);
    const first = await storage.openAppend("a.log", options);
    assert.equal(first.sizeBytes, 4);
    first.append(bytes("one"));
    first.close();
    await storage.truncate("a.log", 5);
    const again = await storage.openAppend("a.log", options);
    assert.equal(again.sizeBytes, 5);
    again.append(bytes("two"));
    assert.equal(await textOf(storage, "a.log"), "headotwo" + zeros(992));
    again.close();
    const behind = await storage.openAppend("a.log");
    assert.equal(behind.sizeBytes, 1000, "whoever does not cut it off goes on behind it");
    behind.append(bytes("end"));
    behind.close();
    assert.equal(await textOf(storage, "a.log"), "headotwo" + zeros(992) + "end");
  });
}

function testReplacing(test: Test): void {
  test("read() of a range returns what exists of it", async (storage) => {
    await storage.writeAtomic("a.bin", [bytes("0123456789")]);
    const range = async (offset: number, lengthBytes: number) =>
      new TextDecoder().decode(await storage.read("a.bin", { offset, lengthBytes }));
    assert.equal(await range(0, 3), "012");
    assert.equal(await range(7, 3), "789");
    assert.equal(await range(7, 100), "789");
    assert.equal(await range(100, 5), "");
    assert.equal(await range(3, 0), "");
    assert.equal(await storage.read("b.bin", { offset: 0, lengthBytes: 1 }), undefined);
  });

  test("writeAtomic() joins the parts and replaces what was there", async (storage) => {
    await storage.writeAtomic("a.bin", [bytes("a long first content")]);
    await storage.writeAtomic("a.bin", [bytes("sec"), bytes(""), bytes("ond")]);
    assert.equal(await textOf(storage, "a.bin"), "second");
    assert.deepEqual(await storage.list(), ["a.bin"]);
  });

  test("writeAtomic() takes a large part whole", async (storage) => {
    const large = new Uint8Array(3_000_001).map((_, i) => i % 251);
    await storage.writeAtomic("a.bin", [large]);
    assert.deepEqual(await storage.read("a.bin"), large);
  });
}

function testDirectory(test: Test): void {
  test("list() is sorted", async (storage) => {
    for (const file of ["b.bin", "c.bin", "a.bin"]) await storage.writeAtomic(file, [bytes("x")]);
    assert.deepEqual(await storage.list(), ["a.bin", "b.bin", "c.bin"]);
  });

  test("truncate() cuts the end off, and appends go on there", async (storage) => {
    await storage.writeAtomic("a.log", [bytes("0123456789")]);
    await storage.truncate("a.log", 4);
    const file = await storage.openAppend("a.log");
    file.append(bytes("x"));
    file.close();
    assert.equal(await textOf(storage, "a.log"), "0123x");
  });

  test("truncate() refuses to make a file longer", async (storage) => {
    await storage.writeAtomic("a.log", [bytes("0123")]);
    await assert.rejects(storage.truncate("a.log", 5), InvariantError);
    await assert.rejects(storage.truncate("b.log", 0), { name: "STORAGE_FAILED" });
  });

  test("remove() removes, and does nothing without the file", async (storage) => {
    await storage.writeAtomic("a.bin", [bytes("x")]);
    await storage.remove("a.bin");
    await storage.remove("a.bin");
    assert.deepEqual(await storage.list(), []);
  });

  test("names that leave the directory are refused", async (storage) => {
    for (const file of ["../a", "a/b", "", "LOCK", "a.tmp"]) {
      await assert.rejects(storage.openAppend(file), InvariantError);
      await assert.rejects(storage.writeAtomic(file, []), InvariantError);
    }
  });
}
