import assert from "node:assert/strict";
import { sha256 } from "../../artifact/package.ts";
import { FileCache } from "./file_cache.ts";

const file = (byte: number) => new Uint8Array(1000).fill(byte);
const [one, two, three] = [file(1), file(2), file(3)];

for (const kind of ["memory", "disk"]) {
  Deno.test(`FileCache in ${kind} fetches once and lets the least recently used go`, async () => {
    const root = kind === "disk" ? await Deno.makeTempDir() : undefined;
    const folder = root && `${root}/cache`;
    const cache = await FileCache.open({ folder, bytesMax: 2_500 });
    let fetches = 0;
    const get = (bytes: Uint8Array<ArrayBuffer>) =>
      cache.get(sha256(bytes), () => {
        fetches++;
        return Promise.resolve(bytes);
      });
    assert.deepEqual(await Promise.all([get(one), get(one), get(one)]), [one, one, one]);
    assert.equal(fetches, 1);
    await get(two);
    assert.deepEqual(await get(one), one);
    await get(three);
    assert.deepEqual(cache.figures, { files: 2, bytes: 2_000, hits: 1, misses: 3 });
    await get(one);
    assert.equal(fetches, 3);
    await get(two);
    assert.equal(fetches, 4);
    if (root !== undefined) await Deno.remove(root, { recursive: true });
  });
}

Deno.test("FileCache keeps its files, and fetches one again that was damaged", async () => {
  const folder = await Deno.makeTempDir();
  const first = await FileCache.open({ folder, bytesMax: 10_000 });
  await first.get(sha256(one), () => Promise.resolve(one));
  await Deno.writeFile(`${folder}/${sha256(two)}.tmp`, two);
  const second = await FileCache.open({ folder, bytesMax: 10_000 });
  assert.equal(second.figures.files, 1);
  const never = () => Promise.reject(new Error("It was fetched"));
  assert.deepEqual(await second.get(sha256(one), never), one);
  await Deno.writeFile(`${folder}/${sha256(one)}`, two);
  await assert.rejects(second.get(sha256(one), never), /fetched/);
  assert.deepEqual(await second.get(sha256(one), () => Promise.resolve(one)), one);
  const wrong = second.get(sha256(three), () => Promise.resolve(one));
  await assert.rejects(wrong, { name: "STORAGE_CORRUPT" });
  await Deno.remove(folder, { recursive: true });
});

Deno.test("FileCache goes on without its disk", async () => {
  const folder = await Deno.makeTempDir();
  const cache = await FileCache.open({ folder, bytesMax: 10_000 });
  await Deno.remove(folder, { recursive: true });
  assert.deepEqual(await cache.get(sha256(one), () => Promise.resolve(one)), one);
  assert.equal(cache.figures.files, 0);
});
