import assert from "node:assert/strict";
import { AetherError } from "../../src/base/errors.ts";
import { until } from "../../scripts/lib/until.ts";
import { below, type Files, withFolder } from "../fixtures/slices/temporary.ts";
import { TestNode } from "./setup.ts";

/** A slice whose only method runs this body with its handles. */
function sliceOf(name: string, needs: string, body: string, toml = ""): Files {
  return {
    "slice.toml": `artifact = "org.example:${name}:1.0.0"\n${toml}`,
    "mod.ts": `import { config, contract, http, kv, lock, method, slice, z } from "aether";
const it = contract("org.example:${name}", {
  run: method({ input: z.object({}), output: z.any(), http: "GET /${name}" }),
});
export default slice(it, {
  needs: { ${needs} },
  // deno-lint-ignore no-explicit-any -- a body of a test
  create: (h: any) => ({ run: async () => { ${body} } }),
});
void [config, http, kv, lock];
`,
  };
}

const tiers = {
  worker: "",
  process: '[sandbox]\ntier = "process"\n',
} as const;

interface Answer {
  readonly status: number;
  // deno-lint-ignore no-explicit-any -- JSON of a test's slice
  readonly body: any;
}

async function get(node: TestNode, name: string): Promise<Answer> {
  const response = await fetch(`http://${node.info.app}/${name}`);
  return { status: response.status, body: await response.json() };
}

async function views(node: TestNode): Promise<string[]> {
  const { nodes, silent } = await node.client.call("resources");
  assert.deepEqual(silent, []);
  return nodes.flatMap(({ resources }) =>
    resources.map(({ type, section, state, references, users }) =>
      `${type} ${section} ${state} ${references} ${
        users.map(({ artifact, need }) => `${artifact.split(":")[1]}.${need}`).sort()
      }`
    )
  );
}

for (const [tier, toml] of Object.entries(tiers)) {
  Deno.test(`runNode() restarts dead resources: open requests fail, the next are served, ${tier}`, async () => {
    const files = sliceOf(
      "locker",
      "links: kv(), jobs: lock()",
      `
      const held = await h.jobs.acquire("job");
      let lost = false;
      held.signal.addEventListener("abort", () => lost = true);
      // No answer comes: the lock is held.
      const waits = h.jobs.acquire("job", { waitMs: 30000 });
      h.jobs.acquire("both-sent").catch(() => {});
      const open = await waits.then(() => "acquired", (e) => e.name);
      await h.links.put("a", 1);
      return { open, lost, value: await h.links.get("a") };`,
      toml,
    );
    const plain = sliceOf("plain", "", 'return "here";', toml);
    await withFolder({ ...below("locker", files), ...below("plain", plain) }, async (dir) => {
      await using node = await TestNode.start();
      await node.deploy("org.example:app:1.0.0", [`${dir}/locker`, `${dir}/plain`]);
      await until("both are used", async () => (await views(node)).length === 2);
      assert.deepEqual(await views(node), [
        "kv  OPEN 1 locker.links",
        "lock  OPEN 1 locker.jobs",
      ]);
      const answer = get(node, "locker");
      await until("both were sent", async () => {
        const { locks } = await node.client.call("lockList", { query: { prefix: "" } });
        return locks.some(({ name }) => name === "slice/org.example:locker/both-sent");
      });
      // The thread falls silent, as it would in an endless loop.
      node.thread("resources").terminate();
      assert.deepEqual((await get(node, "plain")).body, "here");
      assert.deepEqual(await answer, {
        status: 200,
        body: { open: "RESOURCE_LOST", lost: true, value: 1 },
      });
      await until("both are used again", async () => (await views(node)).length === 2);
      assert.equal(await node.stop(), 0);
    });
  });
}

/** A service on loopback that counts the connections to it, open and in all. */
class Service implements AsyncDisposable {
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  readonly #connections = new Set<number>();
  readonly authorizations = new Set<string | null>();

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request, { remoteAddr }) => {
      this.#connections.add(remoteAddr.port);
      this.authorizations.add(request.headers.get("authorization"));
      return new Response("from the service");
    });
  }

  get address(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  /** Connections over which requests came. */
  get used(): number {
    return this.#connections.size;
  }

  /** Connections that are established now, as the system sees them. */
  open(): number {
    const port = this.#server.addr.port.toString(16).toUpperCase().padStart(4, "0");
    const lines = Deno.readTextFileSync("/proc/net/tcp").split("\n").slice(1);
    return lines.filter((line) => {
      const [, local, , state] = line.trim().split(/\s+/);
      return local === `0100007F:${port}` && state === "01";
    }).length;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

const secret = "SECRET-OF-THE-SECTION-c0ffee";

/** A slice that calls the service, and looks everywhere for the secret. */
function caller(name: string, toml: string): Files {
  return sliceOf(
    name,
    'api: http("service")',
    `
    const answer = await h.api.get("/x");
    const seen = [JSON.stringify(h), Deno.inspect(h, { depth: 9, showHidden: true })];
    for (let o = h.api; o !== null; o = Object.getPrototypeOf(o)) {
      for (const key of Reflect.ownKeys(o)) {
        try {
          seen.push(Deno.inspect(o[key], { depth: 9, showHidden: true }));
        } catch { /* It has no value. */ }
      }
    }
    for (const read of [
      () => Deno.inspect(globalThis, { depth: 4, showHidden: true }),
      () => JSON.stringify(Deno.env.toObject()),
      () => Deno.env.get("SERVICE_TOKEN"),
      () => Deno.readTextFileSync("/proc/self/environ"),
      () => Deno.readTextFileSync("/proc/self/maps"),
    ]) {
      try { seen.push(String(read())); } catch (error) { seen.push(String(error)); }
    }
    return { text: answer.text(), seen: seen.join() };`,
    toml,
  );
}

for (const [tier, toml] of Object.entries(tiers)) {
  Deno.test(`runNode() lets slices share one pool without seeing its secrets, ${tier}`, async () => {
    await using service = new Service();
    const files = { ...below("a", caller("a", toml)), ...below("b", caller("b", toml)) };
    await withFolder(files, async (dir) => {
      await using node = await TestNode.start({
        sandbox: { max: { net: [service.address] } },
        resources: {
          service: {
            type: "http",
            baseUrl: `http://${service.address}`,
            connections: 1,
            idleTimeout: "10m",
            headers: { authorization: `Bearer ${secret}` },
          },
        },
      });
      const text = (...slices: string[]) =>
        `id = "org.example:app:1.0.0"\n${
          slices.map((name) => `[[slices]]\nartifact = "org.example:${name}:1.0.0"\n`).join("")
        }`;
      for (const name of ["a", "b"]) await node.publish(`${dir}/${name}`);
      await node.apply("org.example:app:1.0.0", text("a", "b"));
      for (let round = 0; round < 3; round++) {
        const answers = await Promise.all(["a", "b"].map((name) => get(node, name)));
        for (const { status, body } of answers) {
          assert.deepEqual([status, body.text], [200, "from the service"]);
          assert.doesNotMatch(body.seen, /c0ffee/);
        }
      }
      assert.deepEqual([...service.authorizations], [`Bearer ${secret}`]);
      assert.deepEqual([service.used, service.open()], [1, 1]);
      assert.deepEqual(await views(node), ["http service OPEN 2 a.api,b.api"]);
      await node.apply("org.example:app:1.0.0", text("a"));
      await until(
        "b is released",
        async () => (await views(node))[0]?.endsWith("1 a.api") ?? false,
      );
      assert.deepEqual((await get(node, "a")).body.text, "from the service");
      assert.deepEqual([service.used, service.open()], [1, 1]);
      await node.client.call("blueprintDelete", { params: { id: "org.example:app:1.0.0" } });
      await until("the pool is closed", async () => (await views(node)).length === 0);
      await until("its connection is closed", () => Promise.resolve(service.open() === 0));
      const shown = JSON.stringify(await node.client.call("configList"));
      assert.doesNotMatch(shown, /c0ffee/);
    });
  });
}

Deno.test("runNode() releases what a failed instance used, and gives it to the next", async () => {
  const files = sliceOf(
    "fails",
    "links: kv(), jobs: lock()",
    'await h.jobs.acquire("job"); setTimeout(() => { throw new Error("Boom"); }); return 1;',
  );
  await withFolder(files, async (dir) => {
    await using node = await TestNode.start();
    await node.deploy("org.example:app:1.0.0", [dir]);
    for (let round = 0; round < 2; round++) {
      await until("it answers", async () => (await get(node, "fails")).status === 200);
      await until("its lock is free", async () => {
        const { locks } = await node.client.call("lockList", { query: { prefix: "" } });
        return locks.length === 0;
      });
    }
    await until("one instance is left", async () => (await views(node)).length === 2);
    assert.deepEqual(await views(node), ["kv  OPEN 1 fails.links", "lock  OPEN 1 fails.jobs"]);
  });
});

Deno.test("runNode() refuses a blueprint whose resources it cannot give, by section and key", async () => {
  const files = sliceOf(
    "a",
    'api: http("service"), limits: config("limits", z.any())',
    "return 1;",
  );
  await withFolder(files, async (dir) => {
    await using node = await TestNode.start({
      resources: { service: { type: "http", baseUrl: "nowhere", timeot: "1s" } },
    });
    const artifact = await node.publish(dir);
    const text = `id = "org.example:app:1.0.0"\n[[slices]]\nartifact = "${artifact}"\n`;
    await assert.rejects(node.apply("org.example:app:1.0.0", text), (error) => {
      assert.ok(error instanceof AetherError && error.name === "RESOURCE_INVALID", String(error));
      const paths = error.issues.map(({ path }) => path);
      assert.deepEqual(paths, [
        "resources.service.baseUrl",
        "resources.service.timeot",
        "resources.limits",
      ]);
      return true;
    });
  });
});

Deno.test("runNode() tells slices of changed values while they run", async () => {
  const files = sliceOf(
    "live",
    'limits: config("limits", z.object({ perUser: z.number() }))',
    `h.seen ??= (h.limits.onChange((value: unknown) => h.seen.push(value)), []);
     return { now: await h.limits.get(), seen: h.seen };`,
  );
  await withFolder(files, async (dir) => {
    await using node = await TestNode.start({
      resources: { limits: { type: "config", values: { perUser: 10 } } },
    });
    await node.deploy("org.example:app:1.0.0", [dir]);
    assert.deepEqual((await get(node, "live")).body, { now: { perUser: 10 }, seen: [] });
    const set = (value: string) =>
      node.client.call("overrideSet", { body: { key: "resources.limits.values.perUser", value } });
    assert.equal((await set("20")).effect, "live");
    await until("the slice is told", async () => (await get(node, "live")).body.seen.length === 1);
    assert.deepEqual((await get(node, "live")).body, {
      now: { perUser: 20 },
      seen: [{ perUser: 20 }],
    });
  });
});
