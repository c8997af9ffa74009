/**
 * A version takes over from another under load, and no request fails; one that fails is rolled
 * back.
 *
 * @module
 */
import assert from "node:assert/strict";
import { until } from "../scripts/lib/until.ts";
import { type ClusterNode, TestCluster } from "./lib/cluster.ts";
import { Load } from "./lib/load.ts";
import { labTest, labTests } from "./lib/netns.ts";
import { root } from "./lib/program.ts";
import { writeSlice } from "./lib/slices.ts";
import type { World } from "./lib/world.ts";

const clients = 6;
const steps = ["--observe", "1s", "--min-requests", "20", "--cleanup", "IMMEDIATE"];

function blueprint(artifact: string): string {
  return `id = "org.example:app:1.0.0"\n[[slices]]\nartifact = "${artifact}"\ninstances = 3\n`;
}

function loadOn(cluster: TestCluster, path: string): Load {
  const { nodes } = cluster;
  return new Load(clients, (client, round) => {
    const node = nodes[(client + round) % nodes.length] as ClusterNode;
    return new Request(`http://${node.host.management}:8070${path}`);
  });
}

async function threeNodes(world: World, hosts: Parameters<typeof TestCluster.create>[1]["hosts"]) {
  const cluster = await TestCluster.create(world, { hosts, isDurable: false });
  await cluster.start();
  await cluster.ready();
  return cluster;
}

labTests(import.meta.url, 240_000, () => {
  labTest("A rolling update under load fails no request", async (world, lab) => {
    const cluster = await threeNodes(world, lab.hosts.slice(0, 3));
    const node = cluster.node(1);
    for (const name of ["echo", "echo-v2"]) {
      await node.must(["slice", "publish", `${root}/slices/${name}`, "--skip-check"]);
    }
    await node.must(["blueprint", "apply", "-"], blueprint("org.example:echo:1.0.0"));
    const load = loadOn(cluster, "/echo/abc");
    await load.more(200);
    const words = ["deploy", "start", "org.example:echo:2.0.0", "--strategy", "rolling", ...steps];
    const out = await node.must(words);
    assert.match(out, /COMPLETED, step 3 of 3/);
    await load.more(200);
    await load.stop();
    assert.deepEqual(load.failed, []);
    const versions = new Set(
      load.seen.slice(-100).map(({ text }) => /"version":"(\d)"/.exec(text)?.[1]),
    );
    assert.deepEqual(versions, new Set(["2"]));
    const applied = await node.must(["blueprint", "get", "org.example:app:1.0.0"]);
    assert.match(applied, /org\.example:echo:2\.0\.0/);
  });

  labTest("A canary that fails calls is rolled back by itself", async (world, lab) => {
    const cluster = await threeNodes(world, lab.hosts.slice(0, 3));
    const node = cluster.node(1);
    const methods = `get: method({
      input: z.object({}),
      output: z.object({ ok: z.boolean() }),
      http: "GET /moody",
    }),`;
    const good = { name: "moody", methods, handlers: "get: () => ({ ok: true })," };
    const bad = {
      ...good,
      version: "2.0.0",
      setup: "let calls = 0;",
      handlers: `get() {
        if (calls++ % 10 === 0) throw new Error("A bad day");
        return { ok: true };
      },`,
    };
    for (const text of [good, bad]) {
      const folder = await writeSlice(world, text);
      await node.must(["slice", "publish", folder, "--skip-check"]);
    }
    await node.must(["blueprint", "apply", "-"], blueprint("org.example:moody:1.0.0"));
    const load = loadOn(cluster, "/moody");
    await load.more(200);
    const { code, stderr } = await node.run([
      ...["deploy", "start", "org.example:moody:2.0.0", "--strategy", "canary"],
      ...["--stages", "20@30s,50@30s", "--min-requests", "50"],
    ]);
    assert.equal(code, 1, stderr);
    assert.match(stderr, /ROLLED_BACK: .* of \d+ calls failed, the limit is 1 %/);
    const share = load.failed.length / load.seen.length;
    assert.ok(
      load.failed.length > 0 && share < 0.1,
      `${load.failed.length} of ${load.seen.length}`,
    );
    await until("the old version is alone", async () => {
      type View = { instances: { artifact: string; state: string }[] };
      const view = await node.json<View>("/api/slices/status");
      const all = view?.instances.map(({ artifact, state }) => `${artifact} ${state}`) ?? [];
      return all.length === 3 && all.every((text) => text === "org.example:moody:1.0.0 ACTIVE") ||
        undefined;
    });
    const before = load.failed.length;
    await load.more(300);
    await load.stop();
    assert.equal(load.failed.length, before);
  });

  labTest("An A/B test keeps clients on their version, in nested calls too", async (world, lab) => {
    const cluster = await threeNodes(world, lab.hosts.slice(0, 3));
    const node = cluster.node(1);
    const get = (path: string) =>
      `method({ input: z.object({}), output: z.any(), http: "GET ${path}" })`;
    for (const version of ["1", "2"]) {
      const folder = await writeSlice(world, {
        name: "back",
        version: `${version}.0.0`,
        methods: `get: ${get("/back")},`,
        handlers: `get: (_, call) => ({ version: "${version}", variants: call.variants }),`,
      });
      await node.must(["slice", "publish", folder, "--skip-check"]);
    }
    await world.write(
      "front/slice.toml",
      'artifact = "org.example:front:1.0.0"\n' +
        '[dependencies]\n"org.example:back" = "*"\n',
    );
    await world.write(
      "front/mod.ts",
      `import { contract, method, slice, z } from "aether";
const back = contract("org.example:back", { get: ${get("/back")} });
const front = contract("org.example:front", { get: ${get("/front")} });
export default slice(front, {
  needs: { back },
  create: ({ back }) => ({
    async get(_, call) {
      const seen = [await back.get({}), await back.get({}), await back.get({})];
      return { versions: seen.map(({ version }) => version), variants: call.variants,
        nested: seen[0].variants };
    },
  }),
});
`,
    );
    await node.must(["slice", "publish", world.path("front"), "--skip-check"]);
    const both = ["back", "front"].map((name) =>
      `[[slices]]\nartifact = "org.example:${name}:1.0.0"\ninstances = 3\n`
    );
    await node.must(
      ["blueprint", "apply", "-"],
      `id = "org.example:app:1.0.0"\n` +
        both.join(""),
    );
    const artifact = "org.example:back:2.0.0";
    const start = async (...words: string[]) => {
      const options = ["--strategy", "ab", "--percent", "50", "--detach"];
      await node.must(["deploy", "start", artifact, ...options, ...words]);
      await until("both versions are there", async () => {
        const view = await node.json<{ state: string }>("/api/deploy/org.example:back");
        return view?.state === "ROUTING" || undefined;
      });
    };
    let turn = 0;
    type Answer = { versions: string[]; variants: unknown; nested: unknown };
    const ask = async (headers: Record<string, string>): Promise<string> => {
      const { host } = cluster.nodes[turn++ % 3] as ClusterNode;
      const response = await fetch(`http://${host.management}:8070/front`, { headers });
      const { versions, variants, nested } = await response.json() as Answer;
      const [version = ""] = versions;
      assert.deepEqual(versions, [version, version, version], "one request, one version");
      const expected = { "org.example:back": `org.example:back:${version}.0.0` };
      assert.deepEqual([variants, nested], [expected, expected]);
      return version;
    };
    const settled = (headers: Record<string, string>, version?: string) =>
      until("all gateways know of the test", async () => {
        try {
          for (let round = 0; round < 6; round++) {
            const seen = await ask(headers);
            if (version !== undefined) assert.equal(seen, version);
          }
          return true;
        } catch {
          return undefined;
        }
      });
    const end = async () => {
      await node.must(["deploy", "rollback", "org.example:back"]);
      await until("it is over", async () => {
        const view = await node.json<{ state: string }>("/api/deploy/org.example:back");
        return view?.state === "ROLLED_BACK" || undefined;
      });
    };

    await start("--split-by", "header:x-group=beta");
    await settled({ "x-group": "beta" }, "2");
    for (let round = 0; round < 9; round++) {
      assert.equal(await ask({ "x-group": "beta" }), "2");
      assert.equal(await ask({ "x-group": "alpha" }), "1");
      assert.equal(await ask({}), "1");
    }
    await end();

    await start("--split-by", "cookie:user");
    await settled({ cookie: "user=u1" });
    const versionOf = new Map<string, string>();
    for (let user = 0; user < 20; user++) {
      const headers = { cookie: `user=u${user}` };
      const seen = new Set([await ask(headers), await ask(headers), await ask(headers)]);
      assert.equal(seen.size, 1, `u${user} saw ${[...seen]}`);
      versionOf.set(`u${user}`, [...seen].join());
    }
    assert.equal(new Set(versionOf.values()).size, 2, "both versions have users");
    await end();

    await start();
    await settled({});
    const shares = new Set<string>();
    for (let round = 0; round < 30; round++) shares.add(await ask({}));
    assert.equal(shares.size, 2, "both versions have requests");
  });
});
