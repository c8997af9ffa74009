import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

const module = `import { blob, bytes, contract, method, slice, SliceError, z } from "aether";
const it = contract("org.example:photos", {
  put: method({
    input: z.object({
      key: z.string(),
      count: z.coerce.number(),
      fails: z.coerce.number().default(0),
    }),
    output: z.any(),
    http: "POST /photos",
  }),
  get: method({
    input: z.object({ key: z.string(), first: z.coerce.number(), last: z.coerce.number() }),
    output: bytes(),
    http: "GET /photos",
  }),
  list: method({ input: z.object({}), output: z.any(), http: "GET /list" }),
  drop: method({ input: z.object({ key: z.string() }), output: z.any(), http: "DELETE /photos" }),
});
export default slice(it, {
  needs: { photos: blob("photos") },
  create: ({ photos }) => ({
    put({ key, count, fails }) {
      async function* source() {
        for (let i = 0; i < count; i++) {
          if (fails > 0 && i === fails) throw new SliceError("BROKEN", "The source broke");
          const piece = new Uint8Array(100_000).fill(i);
          piece[0] = fails;
          yield piece;
        }
      }
      return photos.put(key, source(), { contentType: "image/test" });
    },
    async get({ key, first, last }) {
      const found = await photos.get(key, { range: { first, last } });
      if (found === undefined) throw new SliceError("NO_PHOTO", "No " + key, { status: 404 });
      return found.stream;
    },
    list: () => photos.list(),
    drop: ({ key }) => photos.delete(key),
  }),
});
`;

/** What the slice stores. */
function expected(count: number): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(count * 100_000);
  for (let i = 0; i < count; i++) {
    whole.fill(i, i * 100_000, (i + 1) * 100_000);
    whole[i * 100_000] = 0;
  }
  return whole;
}

for (const [tier, toml] of [["worker", ""], ["process", '[sandbox]\ntier = "process"\n']]) {
  Deno.test(`runNode() gives slices blobs, and collects what broken uploads leave, ${tier}`, async () => {
    const files = {
      "slice.toml": `artifact = "org.example:photos:1.0.0"\n${toml}`,
      "mod.ts": module,
    };
    await withFolder(files, async (dir) => {
      await using node = await TestNode.start({
        resources: { photos: { type: "blob", maxBytes: "4MiB" } },
      });
      await node.deploy("org.example:app:1.0.0", [dir]);
      const ask = (method: string, path: string) =>
        fetch(`http://${node.info.app}${path}`, { method });
      const json = async (method: string, path: string) => {
        const response = await ask(method, path);
        return { status: response.status, body: await response.json() };
      };
      const whole = expected(25);
      const sha256 = createHash("sha256").update(whole).digest("hex");
      const stored = await json("POST", "/photos?key=a/1&count=25");
      const { storedAtMs } = stored.body;
      const stat = { key: "a/1", sizeBytes: 2_500_000, sha256, contentType: "image/test" };
      assert.deepEqual(stored, { status: 200, body: { ...stat, storedAtMs } });
      const read = async (first: number, last: number) =>
        await (await ask("GET", `/photos?key=a/1&first=${first}&last=${last}`)).bytes();
      assert.deepEqual(await read(0, 1e9), whole);
      assert.deepEqual(await read(65_000, 900_000), whole.subarray(65_000, 900_001));
      // Nobody reads this one to its end.
      const left = await ask("GET", "/photos?key=a/1&first=0&last=1000000000");
      await left.body?.cancel();

      const large = await json("POST", "/photos?key=a/2&count=50");
      assert.equal(large.status, 413);
      assert.match(large.body.detail, /Blob "a\/2" has more than 4194304 bytes, the maxBytes/);
      const broken = await json("POST", "/photos?key=a/3&count=30&fails=20");
      assert.equal(broken.body.code, "BROKEN");
      assert.deepEqual((await json("GET", "/list")).body, [{ ...stat, storedAtMs }]);

      const collect = (dryRun: boolean) =>
        node.client.call("artifactCollect", { body: { dryRun } });
      assert.ok((await collect(true)).chunks > 10);
      await collect(false);
      assert.equal((await collect(true)).chunks, 0);
      assert.deepEqual(await read(0, 1e9), whole);
      assert.equal((await json("DELETE", "/photos?key=a/1")).body, true);
      assert.equal((await json("GET", "/photos?key=a/1&first=0&last=1")).status, 404);
      assert.ok((await collect(true)).chunks > 38);
    });
  });
}
