/**
 * Slices against the operator's secrets: credentials of resources come out nowhere, in no handle,
 * answer, error or log, and in nothing that the operator's own commands print.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { blueprint, Node } from "./lib/node.ts";
import { root } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

const secrets = {
  token: "SECRET-TOKEN-c0ffee",
  path: "SECRET-PATH-c0ffee",
  literal: "SECRET-LITERAL-c0ffee",
  env: "SECRET-ENVIRONMENT-c0ffee",
};

const code = `import { contract, http, method, slice, z } from "aether";
import look from "./secrets.js";
const it = contract("org.example:thief", {
  look: method({ input: z.object({ given: z.any() }), output: z.string(), http: "POST /look" }),
});
export default slice(it, {
  needs: { service: http("service"), broken: http("broken"), foreign: http("foreign") },
  create: (handles) => ({ look: ({ given }) => look(given, handles) }),
});
`;

const wrongCode = `import { contract, http, method, slice, z } from "aether";
const it = contract("org.example:wrong", {
  get: method({ input: z.object({}), output: z.string(), http: "GET /wrong" }),
});
export default slice(it, { needs: { api: http("wrong") }, create: () => ({ get: () => "" }) });
`;

function config(tier: string, port: number, closed: number): string {
  return `
[secrets]
directory = "secrets"
[sandbox]
tier = "${tier}"
[sandbox.max]
net = ["127.0.0.1:${port}", "127.0.0.1:${closed}"]
[resources.service]
type = "http"
baseUrl = "http://127.0.0.1:${port}/\${secrets:path}"
headers = { authorization = "Bearer \${secrets:token}", x-note = "${secrets.literal}" }
[resources.broken]
type = "http"
baseUrl = "http://127.0.0.1:${closed}/\${secrets:path}"
headers = { authorization = "Bearer \${secrets:token}" }
retry = { attempts = 1 }
[resources.foreign]
type = "http"
baseUrl = "https://127.0.0.1:${port}/\${secrets:path}"
tls = { cert = "\${secrets:node-1.crt}", key = "\${secrets:node-1.key}" }
[resources.wrong]
type = "http"
baseUrl = "\${secrets:token}"
timeout = "\${secrets:path}"
tls = { ca = "\${secrets:token}", cert = "\${secrets:node-1.crt}", key = "\${secrets:token}" }
`;
}

/** Writes the slices, the secrets and the node's file; answers the file and what is secret. */
async function prepare(world: World, text: string): Promise<{ file: string; all: string[] }> {
  const folder = ["--dir", world.path("secrets")];
  await world.must(["tls", "init", ...folder]);
  await world.must(["tls", "issue", "node-1", "--hosts", "127.0.0.1", ...folder]);
  const key = await Deno.readTextFile(world.path("secrets", "node-1.key"));
  await world.write("secrets/token", secrets.token);
  await world.write("secrets/path", secrets.path);
  const trap = join(root, "tests", "fixtures", "hostile", "secrets.js");
  await world.write("thief/secrets.js", await Deno.readTextFile(trap));
  await world.write("thief/slice.toml", 'artifact = "org.example:thief:1.0.0"\n');
  await world.write("thief/mod.ts", code);
  await world.write("wrong/slice.toml", 'artifact = "org.example:wrong:1.0.0"\n');
  await world.write("wrong/mod.ts", wrongCode);
  const file = await world.write("aether.toml", text);
  return { file, all: [...Object.values(secrets), key.split("\n")[1] ?? assert.fail(key)] };
}

for (const tier of ["worker", "process"]) {
  e2eTest(`${tier} tier: a slice finds no secret of its resources`, async (world) => {
    const seen = new Set<string | null>();
    await using service = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, (asked) => {
      seen.add(`${asked.headers.get("authorization")} ${new URL(asked.url).pathname}`);
      return new Response("from the service");
    });
    const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const closed = listener.addr.port;
    listener.close();
    const { port } = service.addr as Deno.NetAddr;
    const { file, all } = await prepare(world, config(tier, port, closed));
    const env = { HOSTILE_SECRET: secrets.env };
    const node = await Node.start(world, ["--config", file, "--log-level", "trace"], { env });
    await node.publish(world.path("thief"), world.path("wrong"));
    await node.apply("org.example:thief:1.0.0");
    const files = [file, world.path("secrets", "token"), world.path("secrets", "node-1.key")];
    const response = await fetch(`${node.app}/look`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ given: { management: node.management, files } }),
    });
    const found = await response.text();
    assert.equal(response.status, 200, found);
    // It did use them.
    assert.match(found, /from the service/);
    assert.match(found, /HTTP_UNREACHABLE/);
    assert.ok(seen.has(`Bearer ${secrets.token} /${secrets.path}/`), [...seen].join());
    for (
      const words of [["config", "list"], ["resources"], ["slices"], [
        "config",
        "list",
        "-o",
        "json",
      ]]
    ) {
      await node.must(words);
    }
    const stdin = blueprint("org.example:wrong:1.0.0");
    const { code, stderr } = await node.run(["blueprint", "apply", "-"], { stdin });
    assert.notEqual(code, 0);
    for (const name of ["baseUrl", "timeout", "tls.ca", "tls.key"]) {
      assert.ok(stderr.includes(`resources.wrong.${name}`), stderr);
    }
    // What the slice wrote, what the node says, and what the commands print.
    const text = [found, world.log].join("\n");
    assert.match(text, /HttpProxy/);
    for (const secret of all) assert.ok(!text.includes(secret), `${secret} came out`);
  });
}
