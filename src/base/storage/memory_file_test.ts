import assert from "node:assert/strict";
import { SeededRandom } from "../random.ts";
import { type LossOptions, MemoryFile } from "./memory_file.ts";

const SECTOR_BYTES = 4;

/** Two synced bytes, ten that are not, and zeros up to 16, which are durable or not. */
function reserved(isReserveSynced: boolean): MemoryFile {
  const file = new MemoryFile();
  file.open(true);
  file.append(Uint8Array.of(1, 1));
  if (isReserveSynced) file.grow(16);
  file.beginSync()();
  file.grow(16);
  file.append(new Uint8Array(10).fill(2));
  return file;
}

function contentOf(file: MemoryFile): string {
  return file.slice(0, file.sizeBytes).join("");
}

function lost(
  file: MemoryFile,
  unsynced: LossOptions["unsynced"],
  seed: number | string = 0,
): string {
  file.lose({ unsynced, sectorBytes: SECTOR_BYTES, random: new SeededRandom(seed) });
  return contentOf(file);
}

Deno.test("MemoryFile.append() goes over reserved zeros and not beyond them", () => {
  const file = reserved(true);
  assert.equal(contentOf(file), "1122222222220000");
  assert.deepEqual([file.endBytes, file.sizeBytes], [12, 16]);
});

Deno.test("MemoryFile.lose() keeps nothing or all of what is not synced, when told to", () => {
  assert.equal(lost(reserved(true), "lost"), "1100000000000000");
  assert.equal(lost(reserved(false), "lost"), "11");
  assert.equal(lost(reserved(true), "kept"), "1122222222220000");
  assert.equal(lost(reserved(false), "kept"), "1122222222220000");
});

Deno.test("MemoryFile.lose() lets any sectors of reserved space survive, in any order", () => {
  const outcomes = new Set<string>();
  for (let seed = 0; seed < 500; seed++) {
    const content = lost(reserved(true), "torn", seed);
    assert.match(content, /^11.{10,}0000$/, "what is synced survives, the reserve stays zero");
    outcomes.add(content);
  }
  // The sectors are the bytes 2 and 3, 4 to 7, and 8 to 11.
  for (const sectors of ["2222220000", "0022222222", "2200002222", "0022220000", "0000002222"]) {
    assert.ok(outcomes.has(`11${sectors}0000`), `${sectors} never came`);
  }
  assert.ok([...outcomes].some((content) => /[^012]/.test(content)), "garbage never came");
});

Deno.test("MemoryFile.lose() cuts a reserve that is not synced at any byte", () => {
  const sizes = new Set<number>();
  for (let seed = 0; seed < 500; seed++) {
    const file = reserved(false);
    assert.ok(lost(file, "torn", seed).startsWith("11"));
    sizes.add(file.sizeBytes);
  }
  assert.deepEqual([...sizes].sort((a, b) => a - b), Array.from({ length: 15 }, (_, i) => i + 2));
});

Deno.test("MemoryFile.lose() leaves a beginning of a file that only grows", () => {
  for (let seed = 0; seed < 100; seed++) {
    const file = new MemoryFile();
    file.append(new Uint8Array(20).fill(2));
    const content = lost(file, "torn", seed);
    assert.match(content, /^2*[0-9]{0,12}$/);
    assert.ok(file.sizeBytes <= 20);
  }
});

Deno.test("MemoryFile.grow() leaves nothing of what was cut off", () => {
  const file = reserved(true);
  file.truncate(4);
  file.grow(8);
  assert.equal(contentOf(file), "11220000");
});
