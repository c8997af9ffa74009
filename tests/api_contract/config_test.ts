import assert from "node:assert/strict";
import { refused, statusOf, TestApi } from "./setup.ts";

interface Row {
  readonly key: string;
  readonly value: string;
  readonly source: string;
  readonly effect: string;
  readonly base?: { readonly value: string; readonly source: string };
}

async function set(api: TestApi, key: string, value: unknown, node?: string) {
  const body = JSON.stringify({ key, value, ...(node === undefined ? {} : { node }) });
  const response = await api.fetch("POST", "/api/config", { body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as { effect: string; node: string | null; revision: number };
}

async function row(api: TestApi, key: string): Promise<Row | undefined> {
  const { keys } = await (await api.fetch("GET", "/api/config")).json() as { keys: Row[] };
  return keys.find((each) => each.key === key);
}

Deno.test("config overrides hold at once, and the node's win over the cluster's", async () => {
  await using api = await TestApi.start();
  assert.equal((await row(api, "log.level"))?.value, '"off"');
  const cluster = await set(api, "management.maxInFlight", 5);
  assert.deepEqual([cluster.effect, cluster.node], ["live", null]);
  assert.equal(api.control.config.management.maxInFlight, 5);
  await set(api, "management.maxInFlight", "6", "node-1");
  assert.deepEqual(await row(api, "management.maxInFlight"), {
    key: "management.maxInFlight",
    value: "6",
    source: "override node node-1",
    effect: "live",
    base: { value: "256", source: "given" },
  });
  const { overrides } = await (await api.fetch("GET", "/api/config/overrides")).json() as {
    overrides: { key: string; value: unknown; node: string | null }[];
  };
  assert.deepEqual(overrides.map(({ value, node }) => [value, node]), [[5, null], ["6", "node-1"]]);
  const remove = (query = "") =>
    api.fetch("DELETE", `/api/config/overrides/management.maxInFlight${query}`);
  assert.equal(await statusOf(await remove("?node=node-1")), 200);
  assert.equal(api.control.config.management.maxInFlight, 5);
  assert.equal(await statusOf(await remove()), 200);
  assert.equal(api.control.config.management.maxInFlight, 256);
  await refused(await remove(), "OVERRIDE_NOT_FOUND");
});

Deno.test("config overrides change what requests are measured by", async () => {
  await using api = await TestApi.start();
  const status = async (body: Uint8Array<ArrayBuffer>) =>
    await statusOf(await api.fetch("POST", "/api/txn", { body }));
  const long = new TextEncoder().encode(`{}${" ".repeat(2_000)}`);
  assert.equal(await status(long), 200);
  await set(api, "management.maxBodyBytes", "1KiB");
  assert.equal(await status(long), 413);
  await set(api, "management.requestTimeout", "50ms");
  api.control.store.readBarrier = () => new Promise(() => {});
  const problem = await refused(await api.kv("GET", "k"), "TIMEOUT");
  assert.match(problem.detail, /within 50 ms/);
});

Deno.test("config refuses overrides with all their problems, and changes nothing", async () => {
  await using api = await TestApi.start();
  for (
    const [key, value, message] of [
      ["node.id", "x", /read before the store is open; set it in the file and restart/],
      ["store.maxBytes", "1GiB", /read before the store/],
      ["management.maxInflight", 3, /did you mean management\.maxInFlight\?/],
      [
        "management.maxInFlight",
        0,
        /"?0"? \(override cluster\) is not valid: write a whole number/,
      ],
      ["sandbox.max.net", "*,a.example.com", /write only addresses beside it/],
    ] as const
  ) {
    const body = JSON.stringify({ key, value });
    const problem = await refused(
      await api.fetch("POST", "/api/config", { body }),
      "CONFIG_INVALID",
    );
    assert.match(problem.issues?.map((issue) => issue.message).join("\n") ?? "", message);
  }
  const { overrides } = await (await api.fetch("GET", "/api/config/overrides")).json() as {
    overrides: unknown[];
  };
  assert.deepEqual(overrides, []);
});

Deno.test("config says which overrides hold after a restart, and then they do", async () => {
  const dataDir = await Deno.makeTempDir();
  try {
    {
      await using api = await TestApi.start({ node: { dataDir } });
      assert.equal((await set(api, "sandbox.max.env", ["TZ"])).effect, "restart");
      await set(api, "log.format", "json");
    }
    await using api = await TestApi.start({ node: { dataDir } });
    assert.deepEqual(api.control.config.sandbox.max.env, ["TZ"]);
    assert.equal(api.control.config.log.format, "json");
    assert.equal((await row(api, "sandbox.max.env"))?.source, "override cluster");
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
});
