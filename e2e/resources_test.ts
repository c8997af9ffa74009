/**
 * Resources as operators and slices see them, with the real executable.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
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
