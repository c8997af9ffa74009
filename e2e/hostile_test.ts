/**
 * Hostile slices: every trap of `tests/fixtures/hostile` in both tiers, with what comes of it.
 *
 * The rows here are those of docs/isolation.md. In the process tier the node and its other slices
 * are unharmed by all of them; the worker tier's rows that harm the node run on nodes of their own.
 * Nothing that a slice must not know ever comes out, in no answer and in no log.
 *
 * @module
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { until } from "../scripts/lib/until.ts";
import { Node, postJson } from "./lib/node.ts";
import { root } from "./lib/program.ts";
import { e2eTest, type World } from "./lib/world.ts";

type Tier = "worker" | "process";

const fixtures = join(root, "tests", "fixtures", "hostile");
const secrets = {
  file: "SECRET-OF-THE-FILE-c0ffee",
  env: "SECRET-OF-THE-ENVIRONMENT-c0ffee",
  server: "SECRET-OF-THE-SERVER-c0ffee",
};
const refused =
  /NotCapable|PermissionDenied|Requires|BadResource|EPERM|EACCES|Empty|Hidden|refused/;

/** Traps that are refused: every line of the answer says so. */
const refusals = ["read_files", "imports", "nested", "environment", "network", "signals"] as const;

/** Traps that end the instance, and the reason that is kept. */
const ends: Readonly<Record<string, { worker?: string; process: string }>> = {
  unhandled_error: { worker: "error", process: "error" },
  rejection: { worker: "rejection", process: "rejection" },
  buffers_slow: { worker: "memory", process: "memory" },
  // In the worker tier these need nodes of their own.
  loop: { process: "hung" },
  expression: { process: "hung" },
  microtasks: { process: "hung" },
  wait: { process: "hung" },
  heap: { process: "heap" },
};

const config = `
[sandbox]
tier = "TIER"
hungTimeout = "5s"
leakedThreadsMax = 3
`;

/** A node of a tier, with the secrets planted around it, an innocent slice, and a prober of it. */
class Arena {
  readonly node: Node;
  readonly world: World;
  readonly secretFile: string;
  readonly port: number;
  readonly answers: string[] = [];
  /** Answers of the innocent slice that were not as they should be. */
  readonly failures: string[] = [];
  readonly #server: Deno.HttpServer;
  readonly #probing: Promise<void>;
  probes = 0;
  #isOver = false;

  private constructor(world: World, node: Node, secretFile: string, server: Deno.HttpServer) {
    this.world = world;
    this.node = node;
    this.secretFile = secretFile;
    this.#server = server;
    this.port = (server.addr as Deno.NetAddr).port;
    this.#probing = this.#probe();
  }

  static async open(
    world: World,
    tier: Tier,
    more: Readonly<Record<string, string>> = {},
  ): Promise<Arena> {
    const secretFile = await world.write("secret.json", JSON.stringify(secrets.file));
    const file = await world.write("aether.toml", config.replace("TIER", tier));
    const env = { HOSTILE_SECRET: secrets.env, ...more };
    const node = await Node.start(world, ["--config", file], { env });
    await node.publish("echo");
    await node.apply("org.example:echo:1.0.0");
    await node.served("/echo/hello");
    const server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      () => new Response(secrets.server),
    );
    return new Arena(world, node, secretFile, server);
  }

  /** Builds and deploys slices: by name, the traps that each of them has. */
  async deploy(slices: Readonly<Record<string, readonly string[]>>): Promise<void> {
    const folders = await Promise.all(
      Object.entries(slices).map(([name, traps]) => writeHostile(this.world, name, traps)),
    );
    await this.node.publish(...folders);
    const names = Object.keys(slices).map((name) => `org.example:${name}:1.0.0`);
    await this.node.apply("org.example:echo:1.0.0", ...names);
  }

  /** Springs a trap; the text of the answer, undefined when there was none. */
  async spring(slice: string, trap: string, given: object = {}): Promise<string | undefined> {
    const input = { given: { secretFile: this.secretFile, port: this.port, ...given } };
    const response = await fetch(`${this.node.app}/${slice}/${trap}`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(input),
      signal: AbortSignal.timeout(20_000),
    }).catch((error) => String(error));
    if (typeof response === "string") return undefined;
    const text = await response.text();
    this.answers.push(text);
    return response.ok ? (JSON.parse(text) as { text: string }).text : undefined;
  }

  /** Waits until an instance has failed; the reason of its end and the text beside it. */
  failed(slice: string): Promise<{ exit: string; reason: string }> {
    return until(`${slice} has failed`, async () => {
      const { instances } = await this.node.client.call("slicesStatus");
      const found = instances.find(({ artifact }) => artifact === `org.example:${slice}:1.0.0`);
      if (found?.exit === undefined) return undefined;
      return { exit: found.exit, reason: found.reason ?? "" };
    });
  }

  async #probe(): Promise<void> {
    while (!this.#isOver) {
      const outcome = await fetch(`${this.node.app}/echo/hello`, {
        signal: AbortSignal.timeout(2_000),
      }).then(async (response) => `${response.status} ${await response.text()}`, String);
      this.probes++;
      if (!outcome.startsWith("200 ")) this.failures.push(outcome);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Ends the prober and the server; nothing secret may have come out. */
  async close(): Promise<void> {
    this.#isOver = true;
    await this.#probing;
    await this.#server.shutdown();
    const all = [...this.answers, this.world.log].join("\n");
    for (const secret of Object.values(secrets)) {
      assert.ok(!all.includes(secret), `The secret ${secret} came out`);
    }
    assert.ok(this.probes > 0, "The innocent slice was not asked");
  }
}

/** A slice with a method for each trap: `POST /NAME/TRAP`. */
async function writeHostile(world: World, name: string, traps: readonly string[]): Promise<string> {
  const folder = `hostile/${name}`;
  for (const file of ["attempts", ...traps]) {
    const text = await Deno.readTextFile(join(fixtures, `${file}.js`));
    await world.write(`${folder}/${file}.js`, text);
  }
  const toml = `artifact = "org.example:${name}:1.0.0"\n[limits]\nheapMb = 64\n`;
  await world.write(`${folder}/slice.toml`, toml);
  const methods = traps.map((trap) =>
    `${methodOf(trap)}: method({ input, output, http: "POST /${name}/${trap}", timeoutMs: 15000 }),`
  );
  const code = `import { contract, method, slice, z } from "aether";
${traps.map((trap) => `import ${methodOf(trap)} from "./${trap}.js";`).join("\n")}
const input = z.object({ given: z.any() });
const output = z.object({ text: z.string() });
const it = contract("org.example:${name}", { ${methods.join("\n")} });
const handlers = { ${traps.map(methodOf).join(", ")} };
export default slice(it, {
  create: () => Object.fromEntries(Object.entries(handlers).map(([name, trap]) =>
    [name, async ({ given }) => ({ text: String(await trap(given)) })])),
});
`;
  await world.write(`${folder}/mod.ts`, code);
  return world.path(folder);
}

function methodOf(trap: string): string {
  return trap.replaceAll(/_(.)/g, (_, letter: string) => letter.toUpperCase());
}

for (const tier of ["worker", "process"] as const) {
  e2eTest(`${tier} tier: what a slice may not do is refused`, async (world, t) => {
    const arena = await Arena.open(world, tier);
    try {
      await arena.deploy({ hostile: refusals });
      for (const trap of refusals) {
        await t.step(trap, async () => {
          const text = await arena.spring("hostile", trap);
          assert.ok(text !== undefined, `No answer to ${trap}`);
          for (const line of text.split("\n")) {
            assert.match(line, refused);
            assert.doesNotMatch(line, /stolen/);
          }
        });
      }
      await t.step("the node opened no debugger port", async () => {
        await assert.rejects(fetch("http://127.0.0.1:9229/json/list"));
      });
      assert.deepEqual(arena.failures, []);
      assert.equal((await arena.node.client.call("health")).ready, true);
    } finally {
      await arena.close();
    }
  });

  e2eTest(`${tier} tier: forgeries, floods and pollution reach nobody else`, async (world, t) => {
    const arena = await Arena.open(world, tier);
    try {
      await arena.deploy({ forger: ["forgery"], flooder: ["flood"], polluter: ["pollution"] });
      await t.step("forged messages, frames and log lines", async () => {
        const text = await arena.spring("forger", "forgery");
        assert.match(text ?? "", /ports: hidden$/);
        assert.doesNotMatch(text ?? "", /stolen/);
        await until(
          "the line is in the log",
          () => arena.node.process.stderr.some((line) => line.includes("FORGED LINE")) || undefined,
        );
        for (const line of [...arena.node.process.stderr, ...arena.node.process.stdout]) {
          assert.doesNotMatch(line, /^2026-01-01|FORGED FRAME/);
          assert.ok(!line.includes("\u001b"), line);
        }
        const { instances } = await arena.node.client.call("slicesStatus");
        assert.ok(instances.every(({ state }) => state === "ACTIVE"), JSON.stringify(instances));
      });
      await t.step("a flood of log lines", async () => {
        await arena.spring("flooder", "flood");
        const lines = arena.node.process.stderr.filter((line) => line.includes("flood "));
        assert.ok(lines.length <= 10_000, `${lines.length} lines were logged`);
      });
      await t.step("pollution of prototypes", async () => {
        await arena.spring("polluter", "pollution");
        await postJson(`${arena.node.app}/echo`, { text: "clean" }, 200);
      });
      assert.deepEqual(arena.failures, []);
    } finally {
      await arena.close();
    }
  });

  e2eTest(`${tier} tier: a slice that fails is ended, with the reason`, async (world, t) => {
    const arena = await Arena.open(world, tier);
    try {
      const rows = Object.entries(ends).filter(([, row]) => row[tier] !== undefined);
      const names = rows.map(([trap]) => [trap, `hostile-${trap.replaceAll("_", "-")}`] as const);
      await arena.deploy(Object.fromEntries(names.map(([trap, name]) => [name, [trap]])));
      const spring = ([trap, name]: readonly [string, string]) =>
        t.step({
          name: trap,
          // Several at once, which sanitizers do not allow.
          sanitizeOps: false,
          sanitizeResources: false,
          sanitizeExit: false,
          fn: async () => {
            void arena.spring(name, trap, { mib: 4096 });
            const { exit, reason } = await arena.failed(name);
            assert.equal(exit, ends[trap]?.[tier], reason);
          },
        });
      // Collecting garbage takes so long beside busy loops that it looks like one.
      const [alone, together] = [true, false].map((is) =>
        names.filter(([trap]) => (trap === "heap") === is)
      );
      for (const each of alone ?? []) await spring(each);
      await Promise.all((together ?? []).map(spring));
      assert.deepEqual(arena.failures, []);
      assert.equal((await arena.node.client.call("health")).ready, true);
      assert.equal(arena.node.process.isRunning, true);
    } finally {
      await arena.close();
    }
  });
}

e2eTest("process tier: array buffers are bounded", async (world) => {
  const arena = await Arena.open(world, "process");
  try {
    await arena.deploy({ hostile: ["buffers"] });
    const text = await arena.spring("hostile", "buffers", { mib: 4096 });
    // What is refused first is chance: a buffer, which the slice may survive, or V8's own heap.
    if (text === undefined) assert.equal((await arena.failed("hostile")).exit, "memory");
    else assert.match(text, /Array buffer allocation failed after \d{2,3} MiB/);
    assert.deepEqual(arena.failures, []);
  } finally {
    await arena.close();
  }
});

e2eTest("process tier: the processes die with the node", async (world) => {
  const arena = await Arena.open(world, "process");
  const pids = await childrenOf(arena.node.process.pid);
  assert.ok(pids.length >= 1, "There is no slice process");
  await arena.node.crash();
  await until(
    "its slice processes have gone",
    () => pids.every((pid) => !isAlive(pid)) || undefined,
  );
  await arena.close();
});

e2eTest("worker tier: hung threads leak until the node restarts itself", async (world) => {
  const arena = await Arena.open(world, "worker");
  const traps = ["loop", "expression", "microtasks", "wait"];
  await arena.deploy(Object.fromEntries(traps.map((trap) => [`hostile-${trap}`, [trap]])));
  for (const trap of traps) void arena.spring(`hostile-${trap}`, trap);
  const { code } = await arena.node.process.ended;
  assert.equal(code, 75, arena.node.process.log);
  const log = arena.node.process.stderr.join("\n");
  assert.match(log, /cannot be stopped and computes on.*leaked=4/);
  assert.match(log, /The slice has not answered for \d+ ms/);
  await arena.close();
});

e2eTest("worker tier: a full heap ends the node, and leaks nothing", async (world) => {
  // The limit of the whole process, which a worker's heap shares.
  const env = { DENO_V8_FLAGS: "--max-old-space-size=200" };
  const arena = await Arena.open(world, "worker", env);
  await arena.deploy({ hostile: ["heap"] });
  await arena.spring("hostile", "heap");
  const { code } = await arena.node.process.ended;
  assert.notEqual(code, 0);
  await arena.close();
});

e2eTest("a slice's folder with a symbolic link is not built", async (world) => {
  const folder = await writeHostile(world, "hostile", ["pollution"]);
  await Deno.symlink("/etc/hostname", join(folder, "hostname.js"));
  const outcome = await world.run(["slice", "build", folder, "--skip-check"]);
  assert.notEqual(outcome.code, 0);
  assert.match(outcome.stderr, /hostname\.js: Symbolic links are not allowed/);
});

async function childrenOf(pid: number): Promise<number[]> {
  const found: number[] = [];
  for await (const { name } of Deno.readDir(`/proc/${pid}/task`)) {
    const text = await Deno.readTextFile(`/proc/${pid}/task/${name}/children`).catch(() => "");
    found.push(...text.split(" ").filter(Boolean).map(Number));
  }
  return found;
}

function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(Deno.readTextFileSync(`/proc/${pid}/status`));
  } catch {
    return false;
  }
}
