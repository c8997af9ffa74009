/**
 * A typed client that `aether slice client` wrote, outside the cluster: compiled, and calling it.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Node } from "./lib/node.ts";
import { e2eTest } from "./lib/world.ts";

const program =
  `import { isUrlShortenerError, UrlShortenerClient, UrlShortenerFailure } from "./client.ts";
const client = new UrlShortenerClient({ baseUrl: Deno.args[0] ?? "" });
const { code } = await client.shorten({ url: "https://example.com/long" });
const { url } = await client.resolve({ code });
const unknown = await client.resolve({ code: "none" }).catch((error: unknown) => error);
const left: string = isUrlShortenerError(unknown, "LINK_NOT_FOUND") ? unknown.data.code : "?";
const wrong = await client.shorten({ url: "no url" }).catch((error: unknown) => error);
const issue = wrong instanceof UrlShortenerFailure ? [wrong.reason, wrong.issues[0]?.path] : [];
console.log(JSON.stringify({ url, left, issue }));
`;

e2eTest("a generated client compiles under strict and calls a node", async (world) => {
  const node = await Node.start(world);
  await node.publish("analytics", "url-shortener");
  await node.apply("org.example:url-shortener:1.0.0");
  const file = world.path("client.ts");
  await node.must(["slice", "client", "org.example:url-shortener:1.0.0", "--out", file]);
  await world.write("use.ts", program);
  await world.write("deno.json", '{"lock":false,"compilerOptions":{"strict":true}}');
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--check", "--no-remote", "--no-npm", "--allow-net", "use.ts", node.app],
    cwd: world.dir,
    env: { NO_COLOR: "1" },
  }).output();
  assert.ok(success, new TextDecoder().decode(stderr));
  assert.deepEqual(JSON.parse(new TextDecoder().decode(stdout)), {
    url: "https://example.com/long",
    left: "none",
    issue: ["INPUT_INVALID", "url"],
  });
});
