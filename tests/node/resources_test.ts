import assert from "node:assert/strict";
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

/** Polls until it is true. */
async function until(what: string, isTrue: () => Promise<boolean>): Promise<void> {
  const endMs = performance.now() + 15_000;
  while (!await isTrue()) {
    assert.ok(performance.now() < endMs, what);
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
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
