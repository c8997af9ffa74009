import assert from "node:assert/strict";
import { until } from "../../scripts/lib/until.ts";
import type { Plan } from "../../src/protocol/blueprint.ts";
import { blueprintText } from "./samples.ts";
import { refused, statusOf, TestApi } from "./setup.ts";

const shop = "org.example:shop:1.0.0";
const echo = "org.example:echo:1.0.0";

/** What applying answers. */
interface Applied {
  readonly status: string;
  readonly id: string;
  readonly slices: number;
  readonly revision: number;
  readonly plan: Plan;
}

async function post<T>(api: TestApi, path: string, body: string): Promise<T> {
  const response = await api.fetch("POST", path, { body });
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as T;
}

async function get<T>(api: TestApi, path: string): Promise<T> {
  const response = await api.fetch("GET", path);
  const text = await response.text();
  assert.equal(response.status, 200, text);
  return JSON.parse(text) as T;
}

function apply(api: TestApi, text: string, query = ""): Promise<Applied> {
  return post<Applied>(api, `/api/blueprint${query}`, text);
}

function deployed(api: TestApi, id: string): Promise<true> {
  return until(`${id} is deployed`, async () => {
    const { status } = await get<{ status: string }>(api, `/api/blueprint/${id}/status`);
    if (status !== "DEPLOYED") return undefined;
    // The leader writes that down a moment later.
    type History = { revisions: { state: string }[] };
    const { revisions } = await get<History>(api, `/api/blueprint/${id}/history`);
    return revisions[0]?.state === "DEPLOYED" ? true : undefined;
  });
}

function actions({ changes }: Plan): string[] {
  return changes.map(({ action, artifact }) => `${action} ${artifact}`);
}

Deno.test("blueprintApply deploys, and applying the same text again changes nothing", async () => {
  await using api = await TestApi.start();
  await api.publish(echo, { routes: ["GET /echo"] });
  const text = blueprintText(shop, echo);
  const first = await apply(api, text);
  assert.equal(first.status, "applied");
  assert.equal(first.slices, 1);
  await deployed(api, shop);
  const instances = () => get<{ instances: { id: string }[] }>(api, "/api/slices/status");
  const before = await instances();
  for (let round = 0; round < 3; round++) {
    const again = await apply(api, text);
    assert.equal(again.status, "unchanged");
    assert.equal(again.revision, first.revision);
    assert.deepEqual(actions(again.plan), [`keep ${echo}`]);
  }
  assert.deepEqual((await instances()).instances[0]?.id, before.instances[0]?.id);
  const { routes } = await get<{ routes: { path: string; instances: number }[] }>(
    api,
    "/api/routes",
  );
  assert.deepEqual(routes.map(({ path, instances }) => [path, instances]), [["/echo", 1]]);
  const { blueprints } = await get<{ blueprints: unknown[] }>(api, "/api/blueprints");
  assert.equal(blueprints.length, 1);
});

Deno.test("blueprintApply changes exactly what differs", async () => {
  await using api = await TestApi.start();
  for (const name of ["a", "b", "c"]) await api.publish(`org.example:${name}:1.0.0`);
  await api.publish("org.example:b:1.1.0");
  const text = (...slices: string[]) =>
    `id = "${shop}"\n` + slices.map((slice) => `[[slices]]\nartifact = "${slice}"\n`).join("");
  await apply(api, text("org.example:a:1.0.0", "org.example:b:1.0.0"));
  await deployed(api, shop);
  const next = text("org.example:a:1.0.0", "org.example:b:1.1.0", "org.example:c:1.0.0");
  const plan = await post<Plan>(api, "/api/blueprint/plan", next);
  assert.deepEqual(actions(plan), [
    "keep org.example:a:1.0.0",
    "update org.example:b:1.1.0",
    "create org.example:c:1.0.0",
  ]);
  assert.equal(plan.changeCount, 2);
  const applied = await apply(api, next, `?ifRevision=${plan.revision}`);
  assert.deepEqual(applied.plan, plan);
  await deployed(api, shop);
  await until("the old version is gone", async () => {
    const { instances } = await get<{ instances: { artifact: string }[] }>(
      api,
      "/api/slices/status",
    );
    return instances.length === 3 ? true : undefined;
  });
});

Deno.test("blueprintPlan and blueprintValidate change nothing", async () => {
  await using api = await TestApi.start();
  await api.publish(echo);
  const before = await get<{ revision: number }>(api, "/api/status");
  const text = blueprintText(shop, echo);
  const plan = await post<Plan>(api, "/api/blueprint/plan", text);
  assert.deepEqual(actions(plan), [`create ${echo}`]);
  assert.equal(plan.revision, 0);
  assert.deepEqual(await post(api, "/api/blueprint/validate", text), {
    valid: true,
    id: shop,
    slices: 1,
  });
  assert.equal((await get<{ revision: number }>(api, "/api/status")).revision, before.revision);
  await refused(await api.fetch("GET", `/api/blueprint/${shop}`), "BLUEPRINT_NOT_FOUND");
});

Deno.test("blueprintApply with ifRevision refuses a plan that is out of date", async () => {
  await using api = await TestApi.start();
  await api.publish(echo);
  const first = await apply(api, blueprintText(shop, echo), "?ifRevision=0");
  for (const wrong of [0, first.revision + 1]) {
    const body = blueprintText(shop, echo, 2);
    const response = await api.fetch("POST", `/api/blueprint?ifRevision=${wrong}`, { body });
    const problem = await refused(response, "REVISION_CONFLICT");
    assert.ok(problem.detail.includes(`${first.revision}, not ${wrong}`), problem.detail);
    assert.match(problem.hint, /plan/);
  }
  const second = await apply(api, blueprintText(shop, echo, 2), `?ifRevision=${first.revision}`);
  assert.ok(second.revision > first.revision);
});

Deno.test("blueprintApply replaces an older version of the same blueprint", async () => {
  await using api = await TestApi.start();
  await api.publish(echo);
  await apply(api, blueprintText(shop, echo));
  const next = shop.replace("1.0.0", "2.0.0");
  await apply(api, blueprintText(next, echo));
  await refused(await api.fetch("GET", `/api/blueprint/${shop}`), "BLUEPRINT_NOT_FOUND");
  const { blueprints } = await get<{ blueprints: { id: string }[] }>(api, "/api/blueprints");
  assert.deepEqual(blueprints.map(({ id }) => id), [next]);
});

Deno.test("blueprintGet answers the text as it was applied, with dependencies in load order", async () => {
  await using api = await TestApi.start();
  await api.publish("org.example:analytics:1.2.0");
  await api.publish(echo, { dependencies: { "org.example:analytics": "^1.0.0" } });
  const text = `# A comment\n${blueprintText(shop, echo, 2)}`;
  const { revision } = await apply(api, text);
  const stored = await get<Record<string, unknown>>(api, `/api/blueprint/${shop}`);
  assert.deepEqual(stored, {
    id: shop,
    source: text,
    revision,
    slices: [
      {
        artifact: "org.example:analytics:1.2.0",
        instances: 1,
        minAvailable: 1,
        isDependency: true,
        dependencies: [],
      },
      {
        artifact: echo,
        instances: 2,
        minAvailable: 1,
        isDependency: false,
        dependencies: ["org.example:analytics:1.2.0"],
      },
    ],
  });
});

Deno.test("blueprintDelete removes the blueprint and everything that only it wanted", async () => {
  await using api = await TestApi.start();
  await api.publish(echo, { routes: ["GET /echo"] });
  await apply(api, blueprintText(shop, echo));
  await deployed(api, shop);
  const response = await api.fetch("DELETE", `/api/blueprint/${shop}`);
  assert.equal(response.status, 200);
  const { status, id, revision } = await response.json();
  assert.deepEqual([status, id], ["deleted", shop]);
  assert.ok(revision > 0);
  await until("nothing runs any more", async () => {
    const { instances } = await get<{ instances: [] }>(api, "/api/slices/status");
    return instances.length === 0 ? true : undefined;
  });
  assert.deepEqual((await get<{ routes: [] }>(api, "/api/routes")).routes, []);
  assert.deepEqual((await get<{ slices: [] }>(api, "/api/slices")).slices, []);
  for (const [method, path] of [["GET", ""], ["GET", "/status"], ["DELETE", ""]] as const) {
    const again = await api.fetch(method, `/api/blueprint/${shop}${path}`);
    const problem = await refused(again, "BLUEPRINT_NOT_FOUND");
    assert.ok(problem.detail.includes(`"${shop}"`), problem.detail);
  }
  assert.equal((await apply(api, blueprintText(shop, echo))).status, "applied");
});

Deno.test("blueprint routes report all problems of a text, each with its line", async (t) => {
  await using api = await TestApi.start();
  const text = [
    'id = "shop"', // 1: no coordinates
    "",
    "[[slices]]",
    'artifact = "org.example:echo"', // 4: no version
    "instances = 0", // 5: too few
    "color = 1", // 6: unknown
    "[[slices]]", // 7: no artifact
    "instances = 1.5", // 8: no whole number
  ].join("\n");
  for (const path of ["/api/blueprint", "/api/blueprint/plan", "/api/blueprint/validate"]) {
    await t.step(path, async () => {
      const problem = await refused(
        await api.fetch("POST", path, { body: text }),
        "BLUEPRINT_INVALID",
      );
      const places = (problem.issues ?? []).map(({ path, line }) => `${line} ${path}`);
      assert.deepEqual(places, [
        "1 id",
        "4 slices[0].artifact",
        "5 slices[0].instances",
        "6 slices[0].color",
        "7 slices[1].artifact",
        "8 slices[1].instances",
      ]);
    });
  }
});

/** Texts that are refused for what is published or applied; `echo` is, `taken` owns a route. */
const refusals: readonly (readonly [
  what: string,
  text: string,
  name: Parameters<typeof refused>[1],
  detail: RegExp,
])[] = [
  ["broken TOML", 'id = "a\n', "BLUEPRINT_INVALID", /a problem/],
  ["no text", "", "BLUEPRINT_INVALID", /problem/],
  [
    "an unknown artifact",
    blueprintText(shop, "org.example:nothing:1.0.0"),
    "ARTIFACT_NOT_FOUND",
    /org\.example:nothing:1\.0\.0/,
  ],
  [
    "an unknown version",
    blueprintText(shop, "org.example:echo:9.0.0"),
    "ARTIFACT_NOT_FOUND",
    /org\.example:echo:9\.0\.0/,
  ],
  [
    "a missing dependency",
    blueprintText(shop, "org.example:needy:1.0.0"),
    "DEPENDENCY_MISSING",
    /org\.example:analytics.*\^1\.0\.0/,
  ],
  [
    "a cycle",
    blueprintText(shop, "org.example:left:1.0.0"),
    "DEPENDENCY_CYCLE",
    /left.*right.*left/s,
  ],
  [
    "a route of another slice",
    blueprintText(shop, "org.example:rival:1.0.0"),
    "ROUTE_CONFLICT",
    /GET \/taken/,
  ],
  [
    "a slice of another blueprint",
    blueprintText(shop, "org.example:taken:1.0.0"),
    "BLUEPRINT_CONFLICT",
    /org\.example:owner:1\.0\.0/,
  ],
  [
    "a permission that the operator does not give",
    blueprintText(shop, "org.example:greedy:1.0.0"),
    "PERMISSION_REFUSED",
    /asks for net "api\.example\.com:443".*\[sandbox\.max\]/,
  ],
];

Deno.test("blueprintApply refuses what cannot run, and stores nothing of it", async (t) => {
  await using api = await TestApi.start();
  await api.publish(echo);
  await api.publish("org.example:needy:1.0.0", {
    dependencies: { "org.example:analytics": "^1.0.0" },
  });
  await api.publish("org.example:left:1.0.0", { dependencies: { "org.example:right": "1" } });
  await api.publish("org.example:right:1.0.0", { dependencies: { "org.example:left": "1" } });
  await api.publish("org.example:taken:1.0.0", { routes: ["GET /taken"] });
  await api.publish("org.example:rival:1.0.0", { routes: ["GET /taken"] });
  await api.publish("org.example:greedy:1.0.0", { permissions: { net: ["api.example.com:443"] } });
  await apply(api, blueprintText("org.example:owner:1.0.0", "org.example:taken:1.0.0"));
  await deployed(api, "org.example:owner:1.0.0");
  const { revision } = await get<{ revision: number }>(api, "/api/status");
  for (const [what, body, name, detail] of refusals) {
    await t.step(what, async () => {
      for (const path of ["/api/blueprint", "/api/blueprint/plan", "/api/blueprint/validate"]) {
        const problem = await refused(await api.fetch("POST", path, { body }), name);
        const texts = [problem.detail, ...(problem.issues ?? []).map(({ message }) => message)];
        assert.match(texts.join("\n"), detail);
      }
    });
  }
  assert.equal((await get<{ revision: number }>(api, "/api/status")).revision, revision);
});

Deno.test("blueprintApply of two texts at once applies one of them whole", async () => {
  await using api = await TestApi.start();
  await api.publish("org.example:a:1.0.0");
  await api.publish("org.example:b:1.0.0");
  const texts = ["a", "b"].map((name) => blueprintText(shop, `org.example:${name}:1.0.0`));
  const statuses = await Promise.all(
    texts.map(async (body) => await statusOf(await api.fetch("POST", "/api/blueprint", { body }))),
  );
  // Either one saw the other's result, or it was refused; never a mixture.
  assert.ok(statuses.every((status) => status === 200 || status === 409), String(statuses));
  const stored = await get<{ source: string; slices: unknown[] }>(api, `/api/blueprint/${shop}`);
  assert.ok(texts.includes(stored.source));
  assert.equal(stored.slices.length, 1);
});

Deno.test("blueprintApply keeps the largest text that is allowed", async () => {
  await using api = await TestApi.start();
  await api.publish(echo);
  const head = blueprintText(shop, echo);
  const text = head + `# ${"\\".repeat(2 ** 20 - head.length - 2)}`;
  assert.equal(text.length, 2 ** 20);
  await apply(api, text);
  const stored = await get<{ source: string }>(api, `/api/blueprint/${shop}`);
  assert.ok(stored.source === text);
});
