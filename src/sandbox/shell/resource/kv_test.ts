import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../../base/errors.ts";
import { limits } from "../../../protocol/limits.ts";
import { kv, type KvHandle } from "../../../sdk/resource/kv.ts";
import { createResource } from "./handles.ts";
import { withPort } from "./port_fixture_test.ts";
import type { ResourcePort } from "./port.ts";

function kvOf(port: ResourcePort, schema?: z.ZodType): KvHandle<unknown> {
  return createResource("links", kv(schema), port) as KvHandle<unknown>;
}

Deno.test("kv() reads entries and values", async () => {
  const entry = { key: "a", value: '{"n":1}', revision: 7 };
  const answer = ({ key }: Record<string, unknown>) => ({
    ok: true,
    result: key === "a" ? entry : null,
  });
  await withPort(answer, async (port, requests) => {
    const links = kvOf(port);
    assert.deepEqual(await links.entry("a"), { key: "a", value: { n: 1 }, revision: 7 });
    assert.deepEqual(await links.get("a"), { n: 1 });
    assert.equal(await links.entry("b"), undefined);
    assert.equal(await links.get("b"), undefined);
    assert.deepEqual(requests[0], { op: "entry", resource: "links", key: "a", id: 1 });
  });
});

Deno.test("kv() writes JSON with its condition", async () => {
  await withPort(
    ({ op }) => ({ ok: true, result: op === "put" ? 8 : true }),
    async (port, requests) => {
      const links = kvOf(port);
      assert.equal(await links.put("a", { n: 1 }), 8);
      assert.equal(await links.put("a", null, { ifRevision: 7 }), 8);
      assert.equal(await links.delete("a", { ifRevision: 8 }), true);
      assert.deepEqual(requests.map(({ id: _, ...request }) => request), [
        { op: "put", resource: "links", key: "a", value: '{"n":1}' },
        { op: "put", resource: "links", key: "a", value: "null", ifRevision: 7 },
        { op: "delete", resource: "links", key: "a", ifRevision: 8 },
      ]);
    },
  );
});

Deno.test("kv() lists at most what the node gives", async () => {
  const result = [{ key: "a", value: "1", revision: 1 }, { key: "b", value: "2", revision: 2 }];
  await withPort(() => ({ ok: true, result }), async (port, requests) => {
    const links = kvOf(port);
    assert.deepEqual((await links.list("a/")).map(({ value }) => value), [1, 2]);
    await links.list();
    await links.list("", { limit: 5 });
    await links.list("", { limit: 5_000 });
    assert.deepEqual(requests.map(({ prefix, limit }) => [prefix, limit]), [
      ["a/", limits.listMax],
      ["", limits.listMax],
      ["", 5],
      ["", limits.listMax],
    ]);
  });
});

Deno.test("kv() holds to its schema both ways, and stores what the schema makes", async () => {
  const entry = { key: "a", value: '"x"', revision: 1 };
  await withPort(
    ({ op }) => ({ ok: true, result: op === "put" ? 1 : entry }),
    async (port, requests) => {
      const numbers = kvOf(port, z.number());
      await assert.rejects(() => numbers.put("a", "x"), /expected number/);
      await assert.rejects(() => numbers.get("a"), /expected number/);
      const trimmed = kvOf(port, z.string().transform((text) => text === "" ? null : text.trim()));
      await trimmed.put("a", " y ");
      await trimmed.put("a", "");
      assert.deepEqual(requests.slice(1).map(({ value }) => value), ['"y"', "null"]);
    },
  );
});

Deno.test("kv() refuses a value that is too large or no JSON, before it is sent", async () => {
  await withPort(() => assert.fail("It was sent"), async (port) => {
    const links = kvOf(port);
    for (const value of [undefined, () => {}, "x".repeat(limits.kvValueBytes)]) {
      await assert.rejects(
        () => links.put("a", value),
        (error) => error instanceof AetherError && error.name === "VALUE_TOO_LARGE",
      );
    }
    await assert.rejects(() => links.put("a", 1n), TypeError);
  });
});
