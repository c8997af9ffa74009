/**
 * Resources as operators and slices see them, with the real executable.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { startLocalCluster } from "./lib/local_cluster.ts";
import { blueprint, Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const slice = (tier: string) => ({
  toml: `artifact = "org.example:payer:1.0.0"\n[sandbox]\ntier = "${tier}"\n`,
  module: `import { contract, http, method, slice, z } from "aether";
const payer = contract("org.example:payer", {
  pay: method({ input: z.object({}), output: z.any(), http: "GET /pay" }),
});
export default slice(payer, {
  needs: { api: http("payments") },
  create: ({ api }) => ({
    async pay() {
      const answer = await api.post("/charges", { json: { unitPrice: 5 } });
      return { status: answer.status, body: answer.json() };
    },
  }),
});
`,
});

for (const tier of ["worker", "process"]) {
  e2eTest(`a slice pays over the operator's HTTP client, ${tier}`, async (world) => {
    const seen: string[] = [];
    await using service = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      async (request) => {
        seen.push(`${request.headers.get("authorization")} ${await request.text()}`);
        return Response.json({ charge_id: "c1" }, { status: 201 });
      },
    );
    const { port } = service.addr as Deno.NetAddr;
    await world.write("secrets/token", "e2e-c0ffee\n");
    const config = (address: string) =>
      `[secrets]\ndirectory = "secrets"\n[sandbox.max]\nnet = ["${address}"]\n` +
      `[resources.payments]\ntype = "http"\nbaseUrl = "http://127.0.0.1:${port}/v1"\n` +
      'jsonNaming = "snake"\nheaders = { authorization = "Bearer ${secrets:token}" }\n';
    const file = await world.write("aether.toml", config(`127.0.0.1:${port}`));
    const node = await Node.start(world, ["--config", file]);
    const { toml, module } = slice(tier);
    await world.write("payer/slice.toml", toml);
    await world.write("payer/mod.ts", module);
    await node.publish(world.path("payer"));
    await node.apply("org.example:payer:1.0.0");
    assert.deepEqual(JSON.parse(await node.served("/pay")), {
      status: 201,
      body: { chargeId: "c1" },
    });
    assert.equal(seen[0], 'Bearer e2e-c0ffee {"unit_price":5}');
    const table = await until("the resource is listed", async () => {
      const text = await node.must(["resources"]);
      return text.includes("payments") ? text : undefined;
    });
    assert.match(table, /http +payments +OPEN +1 +org\.example:payer:1\.0\.0/);
    assert.doesNotMatch(await node.must(["config", "list"]), /c0ffee/);
  });
}

e2eTest("a blueprint is refused when the node's file lacks what its slices need", async (world) => {
  const file = await world.write("aether.toml", '[resources.payment]\ntype = "http"\n');
  const node = await Node.start(world, ["--config", file]);
  const { toml, module } = slice("worker");
  await world.write("payer/slice.toml", toml);
  await world.write("payer/mod.ts", module);
  await node.publish(world.path("payer"));
  const stdin = blueprint("org.example:payer:1.0.0");
  const { code, stderr } = await node.run(["blueprint", "apply", "-"], { stdin });
  assert.equal(code, 1, stderr);
  assert.match(stderr, /section \[resources\.payments\] with type = "http" is missing/);
  assert.match(stderr, /there is \[resources\.payment\]/);
});

const sharing = `import { blob, cache, contract, method, slice, SliceError, z } from "aether";
const it = contract("org.example:sharing", {
  put: method({ input: z.object({}), output: z.any(), http: "PUT /shared" }),
  get: method({ input: z.object({}), output: z.any(), http: "GET /shared" }),
});
export default slice(it, {
  needs: { files: blob("files"), texts: cache("texts", z.string()) },
  create: ({ files, texts }, { instance }) => ({
    async put() {
      async function* pieces() {
        for (let i = 0; i < 30; i++) yield new Uint8Array(100_000).fill(i);
      }
      const computed = [];
      for (let i = 0; i < 20; i++) {
        computed.push(await texts.getOrCompute("text " + i, () => instance));
      }
      return { stat: await files.put("a", pieces()), computed };
    },
    async get() {
      const found = await files.get("a");
      if (found === undefined) throw new SliceError("NO_FILE", "No file", { status: 404 });
      const hash = new Uint8Array(await crypto.subtle.digest("SHA-256", await found.bytes()));
      const read = [];
      for (let i = 0; i < 20; i++) read.push(await texts.get("text " + i) ?? null);
      return { instance, sha256: hash.toHex(), read };
    },
  }),
});
`;

e2eTest("nodes share a cache, and read a blob whose node is gone", async (world) => {
  const file = await world.write(
    "aether.toml",
    '[resources.files]\ntype = "blob"\n' +
      '[resources.texts]\ntype = "cache"\nscope = "distributed"\nttl = "1h"\n',
  );
  const { nodes: [n1, , n3] } = await startLocalCluster(world, 3, () => ["--config", file]);
  assert.ok(n1 !== undefined && n3 !== undefined);
  await world.write("sharing/slice.toml", 'artifact = "org.example:sharing:1.0.0"\n');
  await world.write("sharing/mod.ts", sharing);
  await until("the members of the DHT are settled", async () => {
    const { isOpen, members } = await n3.client.call("dhtStatus");
    return !isOpen && members.length === 3 || undefined;
  });
  await n1.publish(world.path("sharing"));
  const stdin = `${blueprint("org.example:sharing:1.0.0")}instances = 3\n`;
  await n1.must(["blueprint", "apply", "-"], { stdin });
  const response = await fetch(`${n1.app}/shared`, { method: "PUT" });
  assert.equal(response.status, 200);
  const { stat, computed } = await response.json();
  assert.equal(stat.sizeBytes, 3_000_000);
  const [writer] = computed;
  assert.match(writer, /^n1\//);
  assert.deepEqual(computed, Array(20).fill(writer));
  const before = JSON.parse(await n3.served("/shared"));
  assert.match(before.instance, /^n3\//);
  assert.deepEqual([before.sha256, before.read], [stat.sha256, computed]);
  await n1.crash();
  const after = JSON.parse(await n3.served("/shared"));
  assert.equal(after.sha256, stat.sha256);
  // What was on the dead node is missing, the rest is there.
  const left = after.read.filter((text: string | null) => text === writer).length;
  assert.ok(left > 0 && left <= 20, `${left} of 20 are left`);
  assert.ok(after.read.every((text: string | null) => text === writer || text === null));
});
