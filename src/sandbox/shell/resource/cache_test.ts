import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import { cache, type CacheHandle } from "../../../sdk/resource/cache.ts";
import { SliceError } from "../../../sdk/slice_error.ts";
import { createResource } from "./handles.ts";
import { withPort } from "./port_fixture_test.ts";
import type { ResourcePort } from "./port.ts";

function cacheOf(port: ResourcePort, schema?: z.ZodType): CacheHandle<unknown> {
  return createResource("w", cache("weather", schema), port) as CacheHandle<unknown>;
}

const ops = (requests: readonly Record<string, unknown>[]) =>
  requests.map(({ id: _, resource: __, ...request }) => request);

Deno.test("cache() reads, writes and removes", async () => {
  const answer = ({ op, key }: Record<string, unknown>) => ({
    ok: true,
    result: op === "get" && key === "a" ? '{"n":1}' : null,
  });
  await withPort(answer, async (port, requests) => {
    const weather = cacheOf(port);
    assert.deepEqual(await weather.get("a"), { n: 1 });
    assert.equal(await weather.get("b"), undefined);
    await weather.put("a", [1], { ttlMs: 5 });
    await weather.delete("a");
    assert.deepEqual(ops(requests).slice(2), [
      { op: "put", key: "a", value: "[1]", ttlMs: 5 },
      { op: "delete", key: "a" },
    ]);
  });
});

Deno.test("cache() computes once for all who ask, and gives each a value of its own", async () => {
  const answer = ({ op }: Record<string, unknown>) => ({
    ok: true,
    result: op === "look" ? { flight: 7 } : null,
  });
  await withPort(answer, async (port, requests) => {
    const weather = cacheOf(port, z.object({ n: z.number() }));
    let computed = 0;
    const compute = (key: string) => Promise.resolve({ n: ++computed, key });
    const all = await Promise.all([1, 2, 3].map(() => weather.getOrCompute("a", compute)));
    assert.deepEqual(all, [{ n: 1 }, { n: 1 }, { n: 1 }]);
    assert.notEqual(all[0], all[1]);
    assert.deepEqual(ops(requests), [
      { op: "look", key: "a" },
      { op: "fill", flight: 7, value: '{"n":1}' },
    ]);
  });
});

Deno.test("cache() gives the error of a computation to all who wait, as it was, and to the node", async () => {
  const answer = ({ op }: Record<string, unknown>) => ({
    ok: true,
    result: op === "look" ? { flight: 1 } : null,
  });
  await withPort(answer, async (port, requests) => {
    const weather = cacheOf(port);
    const error = new SliceError("NO_STATION", "No station", { status: 404 });
    const compute = () => Promise.reject(error);
    const all = [1, 2].map(() => weather.getOrCompute("a", compute).then(() => {}, (e) => e));
    assert.deepEqual(await Promise.all(all), [error, error]);
    const [, failed] = requests;
    assert.equal(failed?.["op"], "fail");
    assert.equal(JSON.parse(failed?.["problem"] as string).code, "NO_STATION");
    const large = () => "x".repeat(limits.cacheValueBytes);
    await assert.rejects(weather.getOrCompute("b", large), { name: "VALUE_TOO_LARGE" });
    await assert.rejects(weather.put("b", large()), { name: "VALUE_TOO_LARGE" });
    assert.deepEqual(requests.map(({ op }) => op), ["look", "fail", "look", "fail"]);
  });
});

Deno.test("cache() takes a value that its schema refuses for none", async () => {
  const answer = ({ op }: Record<string, unknown>) => ({
    ok: true,
    result: op === "look" ? { value: '"old"' } : op === "get" ? '"old"' : null,
  });
  await withPort(answer, async (port, requests) => {
    const weather = cacheOf(port, z.number());
    assert.equal(await weather.get("a"), undefined);
    assert.equal(await weather.getOrCompute("a", () => 5), 5);
    assert.deepEqual(ops(requests).at(-1), { op: "put", key: "a", value: "5" });
  });
});

Deno.test("cache() answers what was computed although the node cannot keep it", async () => {
  const answer = ({ op }: Record<string, unknown>) =>
    op === "look"
      ? { ok: true, result: { flight: 1 } }
      : { ok: false, problem: { title: "RESOURCE_LOST", code: "E5050", detail: "Lost" } };
  await withPort(answer, async (port) => {
    assert.equal(await cacheOf(port).getOrCompute("a", () => 5), 5);
  });
});

Deno.test("cache() refuses a time that is no whole number before it asks or computes", async () => {
  await withPort(() => undefined, async (port, requests) => {
    const weather = cacheOf(port);
    for (const ttlMs of [Infinity, 60_000 / 7, 0, -1, NaN]) {
      const refusal = {
        name: "REQUEST_INVALID",
        message: `The ttlMs ${ttlMs} is no time: write a whole number of milliseconds, at least 1`,
      };
      const compute = () => assert.fail("Computed");
      await assert.rejects(weather.getOrCompute("a", compute, { ttlMs }), refusal);
      await assert.rejects(weather.put("a", 1, { ttlMs }), refusal);
    }
    assert.deepEqual(requests, []);
  });
});

Deno.test("cache() ends what it has begun with a short error when the node refuses the whole", async () => {
  const refusal = new AetherError("OVERLOADED", "Too much");
  const answer = ({ op, problem: sent }: Record<string, unknown>) => {
    if (op === "look") return { ok: true, result: { flight: 1 } };
    return op === "fail" && String(sent).length < 2_000
      ? { ok: true, result: null }
      : { ok: false, problem: refusal.toProblem() };
  };
  await withPort(answer, async (port, requests) => {
    const weather = cacheOf(port);
    const sent = () => requests.splice(0).map(({ op, problem }) => [op, problem]);
    const last = (all: unknown[][]) => {
      const { code, detail } = JSON.parse(String(all.at(-1)?.[1]));
      return { code, detail };
    };
    assert.equal(await weather.getOrCompute("a", () => 5), 5);
    const filled = sent();
    assert.deepEqual(filled.map(([op]) => op), ["look", "fill", "fail"]);
    assert.deepEqual(last(filled), { code: refusal.code, detail: "Too much" });
    for (const data of ["x".repeat(5_000), 5n]) {
      const error = new SliceError("NO_STATION", "No station", { data });
      const compute = () => Promise.reject(error);
      await assert.rejects(weather.getOrCompute("a", compute), error);
      const failed = sent();
      assert.equal(failed.at(-1)?.[0], "fail");
      assert.deepEqual(last(failed), { code: "NO_STATION", detail: "No station" });
    }
  });
});
