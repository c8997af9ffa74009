/**
 * Why a node does not start: each reason with its exit code, the value, and the way out.
 *
 * @module
 */
import assert from "node:assert/strict";
import { Node, nodeWords } from "./lib/node.ts";
import type { Outcome } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

function refused({ code, stdout, stderr }: Outcome, exitCode: number, error: string): void {
  assert.equal(code, exitCode, stderr);
  assert.equal(stdout, "");
  const problem = stderr.split("\n").find((line) => line.startsWith("{") && line.includes(error));
  assert.ok(problem !== undefined, stderr);
  const { code: found, detail, hint } = JSON.parse(problem) as Record<string, string>;
  assert.equal(found, error);
  assert.ok(detail && hint, problem);
}

for (const flag of ["app", "management"]) {
  e2eTest(
    `node start with a taken ${flag} port ends with 5 and names port and fix`,
    async (world) => {
      using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
      const { port } = taken.addr as Deno.NetAddr;
      const outcome = await world.run([...nodeWords, `--${flag}-port`, String(port)]);
      refused(outcome, 5, "E5010");
      assert.ok(
        outcome.stderr.includes(`The ${flag} port 127.0.0.1:${port} is taken`),
        outcome.stderr,
      );
      assert.ok(outcome.stderr.includes(`set ${flag}.port`), outcome.stderr);
    },
  );
}

e2eTest(
  "node start with a port of another node ends with 5, and that node goes on",
  async (world) => {
    const node = await Node.start(world);
    const port = new URL(node.app).port;
    refused(await world.run([...nodeWords, "--app-port", port]), 5, "E5010");
    assert.equal((await node.client.call("health")).ready, true);
  },
);

e2eTest("node start refuses a data directory that another node uses", async (world) => {
  const words = ["--data-dir", world.path("data")];
  const node = await Node.start(world, words);
  const outcome = await world.run([...nodeWords, ...words]);
  refused(outcome, 5, "E3011");
  assert.ok(outcome.stderr.includes(world.path("data")), outcome.stderr);
  assert.match(outcome.stderr, /--data-dir/);
  await node.must(["kv", "put", "still", "here"]);
  // A dead owner leaves no lock behind.
  await node.crash();
  const next = await Node.start(world, words);
  assert.equal(await next.must(["kv", "get", "still"]), "here");
});

e2eTest(
  "node start refuses the data directory of another node id and names both",
  async (world) => {
    const words = ["--data-dir", world.path("data")];
    const node = await Node.start(world, [...words, "--node-id", "node-1"]);
    await node.crash();
    const outcome = await world.run([...nodeWords, ...words, "--node-id", "node-2"]);
    refused(outcome, 5, "E3012");
    assert.match(outcome.stderr, /belongs to node \\"node-1\\", not to \\"node-2\\"/);
    assert.ok(outcome.stderr.includes(world.path("data")), outcome.stderr);
  },
);

/** The log segments of a data directory, oldest first. */
function segments(world: World): string[] {
  return [...Deno.readDirSync(world.path("data"))].map(({ name }) => name)
    .filter((name) => name.endsWith(".log")).toSorted();
}

e2eTest(
  "node start refuses a damaged log, naming file and offset, and changes nothing",
  async (world) => {
    const words = ["--data-dir", world.path("data")];
    const node = await Node.start(world, words);
    for (let index = 0; index < 20; index++) {
      await node.client.call("kvPut", {
        params: { key: `key/${index}` },
        body: { bytes: new TextEncoder().encode("x".repeat(100)), contentType: "text/plain" },
      });
    }
    await node.crash();
    const [segment = ""] = segments(world);
    const path = world.path("data", segment);
    const bytes = await Deno.readFile(path);
    // In the middle: records follow, so this cannot be a write that a crash tore. Zeros after them
    // are room that the log has taken in advance.
    const at = Math.floor(bytes.findLastIndex((byte) => byte !== 0) / 2);
    bytes[at] = (bytes[at] ?? 0) ^ 0xff;
    await Deno.writeFile(path, bytes);
    const outcome = await world.run([...nodeWords, ...words]);
    refused(outcome, 1, "E3009");
    assert.ok(outcome.stderr.includes(segment), outcome.stderr);
    assert.match(outcome.stderr, /at (byte|offset) \d+/);
    assert.deepEqual(await Deno.readFile(path), bytes);
  },
);

e2eTest("node start goes on after a torn write at the end of the log", async (world) => {
  const words = ["--data-dir", world.path("data")];
  const node = await Node.start(world, words);
  await node.must(["kv", "put", "kept", "1"]);
  await node.crash();
  const path = world.path("data", segments(world).at(-1) ?? "");
  const file = await Deno.open(path, { append: true });
  await file.write(new Uint8Array([1, 2, 3, 4, 5]));
  file.close();
  const next = await Node.start(world, words);
  assert.equal(await next.must(["kv", "get", "kept"]), "1");
});

e2eTest("node start refuses a data directory of a newer format", async (world) => {
  const meta = { formatVersion: 99, clusterId: "c", nodeId: "node-1" };
  await world.write("data/meta.json", JSON.stringify(meta));
  const outcome = await world.run([...nodeWords, "--data-dir", world.path("data")]);
  refused(outcome, 1, "E3010");
  assert.match(outcome.stderr, /99/);
});

e2eTest("node start refuses a data directory that it cannot use", async (world) => {
  const file = await world.write("a-file", "x");
  for (const dir of [file, `${file}/below`]) {
    const outcome = await world.run([...nodeWords, "--data-dir", dir]);
    refused(outcome, 1, "E1008");
    assert.ok(outcome.stderr.includes(dir), outcome.stderr);
  }
});

e2eTest("node start refuses a data directory that this user may not read", async (world) => {
  const dir = world.path("closed");
  await Deno.mkdir(dir, { mode: 0o700 });
  const under: string[] = [];
  if (Deno.uid() === 0) {
    // Root may read everything, so the node runs as somebody else, with a home of its own.
    await Deno.chmod(world.dir, 0o711);
    await Deno.mkdir(world.path("nobody"));
    await Deno.chown(world.path("nobody"), 65_534, 65_534);
    under.push("setpriv", "--reuid=65534", "--regid=65534", "--clear-groups");
  } else await Deno.chmod(dir, 0);
  const env = { HOME: world.path("nobody"), AETHER_CACHE: world.path("nobody/cache") };
  const options = Deno.uid() === 0 ? { under, env } : {};
  const outcome = await world.run([...nodeWords, "--data-dir", dir], options);
  await Deno.chmod(dir, 0o700);
  refused(outcome, 1, "E1008");
  assert.ok(outcome.stderr.includes(dir), outcome.stderr);
  assert.match(outcome.stderr, /[Pp]ermission denied/);
});
