/**
 * The container image in a real Docker daemon, driven by testcontainers.
 *
 * The program that does so has its own packages (`e2e/containers/deno.json`), which nobody but this
 * test needs; so has the daemon, which lives in namespaces of its own.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { makeImage } from "../scripts/image.ts";
import { root } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

const folder = join(root, "e2e", "containers");
/** The user of the image. */
const user = 10_000;

e2eTest("A cluster of containers outlives kills, pauses and cuts", async (world) => {
  await makeImage(world.path("image"));
  await writeConfigs(world);
  const config = ["--config", join(folder, "deno.json")];
  // The packages come from where those of the checkout come from.
  const env = Deno.env.toObject();
  const install = world.startProgram(
    [Deno.execPath(), "install", "--quiet", "--frozen", ...config],
    { env, cwd: folder },
  );
  const installed = await install.ended;
  assert.equal(installed.code, 0, installed.stderr);

  const running = world.startProgram([
    join(folder, "dockerd.sh"),
    ...[Deno.execPath(), "run", "-A", "--check", "--frozen", "--cached-only", ...config],
    ...[join(folder, "cluster.ts"), world.path("image"), world.path("nodes")],
  ], { env });
  const timer = setTimeout(() => running.kill(), 240_000);
  try {
    const { code, stdout, stderr } = await running.ended;

    assert.equal(code, 0, `${stdout}\n${stderr}`);
    assert.match(stdout, /containers: all held/);
  } finally {
    clearTimeout(timer);
  }
});

/** For each node a folder that is mounted into its container. */
async function writeConfigs(world: World): Promise<void> {
  const ids = ["n1", "n2", "n3"];
  await world.must(["tls", "init", "--dir", world.path("tls"), "--cluster", "containers"]);
  await world.must(["tls", "issue", ids.join(","), "--dir", world.path("tls")]);
  for (const id of ids) {
    await world.write(`nodes/${id}/aether.toml`, nodeConfig(id, ids));
    for (
      const [from, to] of [["ca.crt", "ca.crt"], [`${id}.crt`, "node.crt"], [
        `${id}.key`,
        "node.key",
      ]] as const
    ) {
      await Deno.copyFile(world.path("tls", from), world.path("nodes", id, to));
      await Deno.chown(world.path("nodes", id, to), user, user);
    }
  }
}

function nodeConfig(id: string, ids: readonly string[]): string {
  return `[node]
id = "${id}"
dataDir = "/var/lib/aether/data"

[cluster]
host = "${id}"
peers = [${ids.map((peer) => `"${peer}:${peer}:8090"`).join(", ")}]

[tls]
ca = "ca.crt"
certificate = "node.crt"
key = "node.key"

[management]
host = "0.0.0.0"
insecure = true

[app]
host = "0.0.0.0"
`;
}
