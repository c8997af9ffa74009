import assert from "node:assert/strict";
import { fillPath } from "../../src/client/request.ts";
import type { Row } from "../../src/protocol/api/row.ts";
import { apiRows, type RowName } from "../../src/protocol/api/table.ts";
import { rawRequest } from "./raw_http.ts";
import { good, prepare, type Sample, wrong } from "./samples.ts";
import { eventData, problemOf, refused, TestApi, textOf } from "./setup.ts";

function send(api: TestApi, row: Row, sample: Sample, method: string = row.method) {
  const { params, query, headers, body } = sample;
  const search = query === undefined ? "" : `?${new URLSearchParams(query)}`;
  const init = { ...(headers === undefined ? {} : { headers }) };
  return api.fetch(
    method,
    fillPath(row.path, params) + search,
    body === undefined ? init : { ...init, body },
  );
}

Deno.test("apiRows() has no two rows that answer the same requests", () => {
  const seen = new Map<string, RowName>();
  for (const { name, row } of apiRows()) {
    const shape = `${row.method} ${row.path.replaceAll(/\{\w+(\+?)\}/g, "{$1}")}`;
    assert.equal(seen.get(shape), undefined, `${name} and ${seen.get(shape)}: ${shape}`);
    seen.set(shape, name);
  }
});

Deno.test("createApi() answers every row with its status, its schema and a request id", async (t) => {
  await using api = await TestApi.start();
  await prepare(api);
  for (const { name, row } of apiRows()) {
    await t.step(name, async () => {
      const sample = good[name];
      const response = await send(api, row, sample);
      const text = await textOf(row, response);
      assert.equal(response.status, sample.status ?? 200, text);
      assert.match(response.headers.get("x-request-id") ?? "", /^[0-9a-f-]{36}$/);
      if (row.response === "none") assert.equal(text, "");
      else if (row.response === "stream") {
        assert.equal(response.headers.get("content-type"), "text/event-stream");
        assert.deepEqual(row.message?.parse(eventData(text)), eventData(text));
      } else if (row.response !== "raw") {
        assert.equal(response.headers.get("content-type"), "application/json");
        // Strict: a handler must not answer more than the table says.
        assert.deepEqual(row.response.parse(JSON.parse(text)), JSON.parse(text));
      }
    });
  }
});

Deno.test("createApi() answers 400 with the issue for every part with a schema", async (t) => {
  await using api = await TestApi.start();
  for (const { name, row } of apiRows()) {
    const parts = (["params", "query", "headers"] as const).filter((part) => row[part]);
    for (const part of parts) {
      const isCovered = wrong[name].some((sample) => sample.part === part);
      assert.ok(isCovered, `${name} has no wrong ${part} in the samples`);
    }
    for (const sample of wrong[name]) {
      await t.step(`${name}: ${sample.part} ${sample.issue ?? ""}`, async () => {
        const response = await send(api, row, sample);
        const text = await response.text();
        assert.equal(response.status, 400, text);
        const problem = problemOf(response, text);
        if (sample.issue === undefined) return;
        const issue = problem.issues?.find(({ path }) => path === sample.issue);
        assert.ok(issue, text);
        assert.ok(issue.message.length > 0);
      });
    }
  }
});

Deno.test("createApi() answers HEAD like GET without a body", async (t) => {
  await using api = await TestApi.start();
  await prepare(api);
  for (const { name, row } of apiRows().filter(({ row }) => row.method === "GET")) {
    await t.step(name, async () => {
      const get = await send(api, row, good[name]);
      await get.body?.cancel();
      const head = await send(api, row, good[name], "HEAD");
      assert.equal(head.status, get.status);
      assert.equal(await head.text(), "");
      for (const header of ["content-type", "etag"]) {
        assert.equal(head.headers.get(header), get.headers.get(header));
      }
    });
  }
  const missing = await api.fetch("HEAD", "/api/kv/nothing-here");
  assert.equal(missing.status, 404);
});

/** Methods that a path answers, as the Allow header must list them. */
function allowed(path: string): string[] {
  const methods = apiRows().filter(({ row }) => row.path === path).map(({ row }) => row.method);
  return [...(methods.includes("GET") ? ["HEAD"] : []), ...methods, "OPTIONS"].sort();
}

Deno.test("createApi() answers other methods 405, and OPTIONS 204, with Allow", async (t) => {
  await using api = await TestApi.start();
  for (const path of new Set(apiRows().map(({ row }) => row.path))) {
    // Others are actions of an {id} too, e.g.
    // /api/blueprint/validate and /plan are also an {id}, so they have its methods too.
    if (/\/(validate|plan|start|deploy\/\{id\}\/health)$/.test(path)) continue;
    await t.step(path, async () => {
      const named = {
        action: "pause",
        artifact: "an-artifact",
        id: "id",
        contract: "group:name",
        method: "get",
        name: "a-name",
        topic: "a-topic",
        lease: "a-lease",
        node: "node-9",
      };
      const values = { ...named, key: "a/key", path: "a/path" };
      const filled = fillPath(path, values);
      const patch = await api.fetch("PATCH", filled);
      const problem = await refused(patch, "METHOD_NOT_ALLOWED");
      assert.equal(patch.headers.get("allow"), allowed(path).join(", "));
      assert.ok(problem.detail.includes("PATCH"), problem.detail);
      const options = await api.fetch("OPTIONS", filled);
      assert.equal(options.status, 204, await options.text());
      assert.equal(options.headers.get("allow"), allowed(path).join(", "));
      assert.equal(options.headers.get("access-control-allow-origin"), null);
    });
  }
});

Deno.test("createApi() answers 404 with the path for what is not in the table", async () => {
  await using api = await TestApi.start();
  for (
    const target of ["/", "/api", "/api/", "/api/nothing", "/api/health/", "/apix", "/api/kv/"]
  ) {
    for (const method of ["GET", "POST", "OPTIONS"]) {
      const problem = await refused(await api.fetch(method, target), "NOT_FOUND");
      assert.ok(problem.detail.includes(`"${target}"`), problem.detail);
    }
  }
});

Deno.test("createApi() answers targets and bodies that are no sense at all with a problem", async () => {
  await using api = await TestApi.start();
  for (const target of ["/api/blueprint/%", "/api/kv/%zz", "/api/kv/%ff", "/repository/%c3%28"]) {
    const answer = await rawRequest(api.port, { method: "GET", target });
    const problem = problemOf(answer, answer.body, "REQUEST_INVALID");
    assert.ok(problem.detail.includes(target.slice(target.indexOf("%"))), problem.detail);
  }
  const notText = new Uint8Array([0xff, 0xfe, 0x00]);
  const answer = await api.fetch("POST", "/api/blueprint/validate", { body: notText });
  assert.match((await refused(answer, "REQUEST_INVALID")).detail, /not UTF-8/);
});
