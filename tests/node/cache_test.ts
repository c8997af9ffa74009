import assert from "node:assert/strict";
import { below, withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

const module = (name: string) =>
  `import { cache, contract, method, slice, SliceError, z } from "aether";
const it = contract("org.example:${name}", {
  ask: method({ input: z.object({ n: z.coerce.number() }), output: z.any(), http: "GET /${name}" }),
  drop: method({ input: z.object({}), output: z.any(), http: "DELETE /${name}" }),
});
export default slice(it, {
  needs: { near: cache("near", z.number()), shared: cache("shared") },
  create: ({ near, shared }) => {
    let computed = 0;
    const gate = Promise.withResolvers();
    return {
      async ask({ n }) {
        const all = await Promise.all([1, 2, 3, 4].map(() =>
          near.getOrCompute("square " + n, async () => {
            computed++;
            await new Promise((resolve) => setTimeout(resolve));
            if (n < 0) throw new SliceError("NEGATIVE", "No square of " + n, { status: 422 });
            return n * n;
          })
        ));
        const text = await shared.getOrCompute("text", () => "computed by ${name}");
        const { hits, misses, entries } = await near.figures();
        return { all, text, computed, figures: [hits, misses, entries] };
      },
      async drop() {
        await Promise.all([near.delete("square 3"), shared.delete("text")]);
        return { near: await near.get("square 3") ?? null, text: await shared.get("text") ?? null };
      },
    };
  },
});
`;

for (const [tier, toml] of [["worker", ""], ["process", '[sandbox]\ntier = "process"\n']]) {
  Deno.test(`runNode() gives slices caches, local and in the DHT, ${tier}`, async () => {
    const files = (name: string) =>
      below(name, {
        "slice.toml": `artifact = "org.example:${name}:1.0.0"\n${toml}`,
        "mod.ts": module(name),
      });
    await withFolder({ ...files("a"), ...files("b") }, async (dir) => {
      await using node = await TestNode.start({
        resources: {
          near: { type: "cache", ttl: "1h" },
          shared: { type: "cache", scope: "distributed", ttl: "1h" },
        },
      });
      await node.deploy("org.example:app:1.0.0", [`${dir}/a`, `${dir}/b`]);
      const get = async (path: string, method = "GET") => {
        const response = await fetch(`http://${node.info.app}${path}`, { method });
        return { status: response.status, body: await response.json() };
      };
      const first = (await get("/a?n=3")).body;
      assert.deepEqual(first, {
        all: [9, 9, 9, 9],
        text: "computed by a",
        computed: 1,
        figures: [0, 1, 1],
      });
      assert.deepEqual((await get("/a?n=3")).body, { ...first, figures: [1, 1, 1] });
      const failed = await get("/a?n=-1");
      assert.deepEqual([failed.status, failed.body.code], [422, "NEGATIVE"]);
      assert.deepEqual((await get("/a?n=3")).body.computed, 2);
      // Another slice sees nothing of it.
      assert.deepEqual((await get("/b?n=3")).body, { ...first, text: "computed by b" });
      assert.deepEqual((await get("/a", "DELETE")).body, { near: null, text: null });
      assert.equal((await get("/a?n=3")).body.computed, 3);
      const endMs = performance.now() + 15_000;
      for (let hits = 0; hits < 2;) {
        const { nodes } = await node.client.call("resources");
        const view = nodes[0]?.resources.find(({ section }) => section === "near");
        hits = view?.figures?.["hits"] ?? 0;
        assert.ok(performance.now() < endMs, JSON.stringify(view));
      }
    });
  });
}
