/**
 * The form that `deno compile` makes, as far as it can be run without Deno's base binary: the same
 * bundle under a program that, like a compiled one, takes no flags of the runtime, has all
 * permissions from the start, and is what `Deno.execPath()` names.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { until } from "./lib/until.ts";
import { buildSlice } from "../src/artifact/build.ts";
import { AetherClient } from "../src/client/client.ts";
import { sliceTools } from "../src/forge/tools.ts";
import { runtimeFlags } from "../src/io/entry.ts";
import { parseCoordinates, repositoryPath } from "../src/protocol/coordinates.ts";
import { compileArgs } from "./compile.ts";
import { type Bundle, bundle } from "./lib/bundle.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const secret = "SECRET-OF-THE-ENVIRONMENT-c0ffee";

const slice = `import { contract, method, slice, z } from "aether";
const it = contract("org.example:one", {
  probe: method({ input: z.object({}), output: z.any(), http: "GET /probe" }),
  fill: method({ input: z.object({}), output: z.any(), http: "GET /fill" }),
});
const attempts = {
  env: () => Deno.env.get("HOSTILE_SECRET"),
  read: () => Deno.readTextFileSync("/etc/hostname"),
  net: () => Deno.connect({ hostname: "127.0.0.1", port: 1 }),
  run: () => new Deno.Command("true").outputSync(),
  kill: () => Deno.kill(Deno.pid, "SIGKILL"),
};
export default slice(it, {
  create: () => ({
    probe: async () => {
      const outcomes: Record<string, string> = {};
      for (const [name, attempt] of Object.entries(attempts)) {
        try {
          await attempt();
          outcomes[name] = "done";
        } catch (error) {
          outcomes[name] = (error as Error).name;
        }
      }
      return { pid: Deno.pid, outcomes };
    },
    fill: () => {
      const all: unknown[] = [];
      for (;;) all.push(new Array(1000).fill({ all }));
    },
  }),
});
`;

/** Makes what behaves like a compiled binary; answers its path. */
async function simulate(made: Bundle, folder: string): Promise<string> {
  const program = join(folder, "aether");
  const flags = runtimeFlags.join(" ");
  const script = `#!/bin/sh\nexec "${Deno.execPath()}" run ${flags} "${made.dir}/aether.js" "$@"\n`;
  await Deno.writeTextFile(program, script, { mode: 0o755 });
  const prelude = `Deno.execPath = () => ${JSON.stringify(program)};\n`;
  for (const name of made.files.filter((each) => each.endsWith(".js"))) {
    const path = join(made.dir, name);
    await Deno.writeTextFile(path, prelude + await Deno.readTextFile(path));
  }
  return program;
}

class Node implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly client: AetherClient;
  readonly app: string;

  private constructor(child: Deno.ChildProcess, ready: { management: string; app: string }) {
    this.#child = child;
    this.client = new AetherClient({ address: ready.management });
    this.app = ready.app;
  }

  static async start(program: string, config: string): Promise<Node> {
    const ports = ["--port", "--management-port", "--app-port"].flatMap((flag) => [flag, "0"]);
    const args = ["node", "start", "-o", "json", "--config", config, ...ports];
    const child = new Deno.Command(program, {
      args: [...args, "--log-level", "error", "--exit-with-parent"],
      env: { HOSTILE_SECRET: secret },
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    while (!text.includes("\n")) {
      const { value, done } = await reader.read();
      if (done) assert.fail(`The node ended: ${text}`);
      text += value;
    }
    await reader.cancel();
    return new Node(child, JSON.parse(text));
  }

  async deploy(folder: string): Promise<void> {
    const { bytes, manifest } = await buildSlice(folder, { ...sliceTools(), check: false });
    const path = repositoryPath(parseCoordinates(manifest.artifact));
    const body = { bytes, contentType: "application/octet-stream" };
    await this.client.call("repositoryPut", { params: { path }, body });
    const id = "org.example:app:1.0.0";
    const text = `id = "${id}"\n[[slices]]\nartifact = "${manifest.artifact}"\n`;
    const blueprint = { bytes: new TextEncoder().encode(text), contentType: "application/toml" };
    await this.client.call("blueprintApply", { body: blueprint });
  }

  /** The only instance, as soon as it is as it should be. */
  instance(isRight: (each: { state: string; exit?: string | undefined }) => boolean) {
    return until("the instance is as it should be", async () => {
      const { instances: [found] } = await this.client.call("slicesStatus");
      return found !== undefined && isRight(found) ? found : undefined;
    });
  }

  /** The answer of a route, as soon as the gateway has it. */
  served(path: string): Promise<string> {
    return until(`${path} is served`, async () => {
      const response = await fetch(this.app + path);
      const text = await response.text();
      assert.ok([200, 404, 503].includes(response.status), text);
      return response.status === 200 && text;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill("SIGTERM");
    await this.#child.status;
    await this.#child.stdin.close().catch(() => {});
  }
}

Deno.test("compiled form: a slice process has a cleared environment, its limits and no permission", async (t) => {
  const folder = await Deno.makeTempDir({ prefix: "aether-test-" });
  try {
    const made = await bundle({ root, workDir: folder, form: "compiled" });
    const included = compileArgs(made, "out").filter((arg) => arg.startsWith("--include="));
    for (const entry of ["control.js", "gateway.js", "relay.js", "resources.js", "shell.js"]) {
      assert.ok(included.some((arg) => arg.endsWith(`/${entry}`)), entry);
    }
    const program = await simulate(made, folder);
    const config = join(folder, "aether.toml");
    // Collecting garbage on a busy machine takes long, and is not what is shown here.
    await Deno.writeTextFile(config, '[sandbox]\ntier = "process"\nhungTimeout = "1m"\n');
    await Deno.mkdir(join(folder, "one"));
    const toml = 'artifact = "org.example:one:1.0.0"\n[limits]\nheapMb = 64\n';
    await Deno.writeTextFile(join(folder, "one", "slice.toml"), toml);
    await Deno.writeTextFile(join(folder, "one", "mod.ts"), slice);
    await using node = await Node.start(program, config);
    await node.deploy(join(folder, "one"));
    await node.instance(({ state }) => state === "ACTIVE");
    await t.step("what is refused", async () => {
      const { pid, outcomes } = JSON.parse(await node.served("/probe"));
      assert.deepEqual(outcomes, {
        env: "NotCapable",
        read: "NotCapable",
        net: "NotCapable",
        run: "NotCapable",
        kill: "NotCapable",
      });
      const read = (name: string) => Deno.readTextFileSync(`/proc/${pid}/${name}`).split("\0");
      assert.equal(read("cmdline").at(-2), "__slice-host");
      assert.ok(read("environ").includes("DENO_V8_FLAGS=--max-old-space-size=64"));
      assert.doesNotMatch(read("environ").join(), /c0ffee/);
    });
    await t.step("its heap is its own", async () => {
      await (await fetch(`${node.app}/fill`)).body?.cancel();
      const { exit } = await node.instance((each) => each.exit !== undefined);
      assert.equal(exit, "heap");
      assert.equal((await node.client.call("health")).ready, true);
    });
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
