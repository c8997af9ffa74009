import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";
import { contract, method } from "../contract.ts";
import { kv, type KvHandle } from "../resource/kv.ts";
import { slice } from "../slice.ts";
import { SliceError } from "../slice_error.ts";
import { testSlice } from "./test_slice.ts";

const text = z.object({ text: z.string() });
const audit = contract("org.example:audit", { note: method({ input: text, output: text }) });
const echo = contract("org.example:echo", { echo: method({ input: text, output: text }) });

/** The `kv()` that a tested slice gets. */
async function fakeKv<S extends z.ZodType = z.ZodType<unknown>>(
  schema?: S,
): Promise<KvHandle<z.output<S>>> {
  let handle: KvHandle<z.output<S>> | undefined;
  await testSlice(slice(echo, {
    needs: { store: kv(schema) },
    create: ({ store }) => {
      handle = store;
      return { echo: (input) => input };
    },
  }));
  return handle ?? assert.fail("create() was not called");
}

function isConflict(error: unknown): boolean {
  return error instanceof SliceError && error.code === "KV_CONFLICT";
}

Deno.test("testSlice() runs a slice with validated calls, its log and its end", async () => {
  const ended: string[] = [];
  const tested = await testSlice(slice(echo, {
    create: (_needs, instance) => {
      instance.onStop(() => void ended.push("first"));
      instance.onStop(() => Promise.resolve(void ended.push("second")));
      instance.log.info("Made", { of: instance.artifact });
      return {
        echo: (input, call) => {
          call.log.debug("Called");
          return { ...input, more: 1 };
        },
      };
    },
  }));
  assert.deepEqual(await tested.client.echo({ text: "a" }), { text: "a" });
  assert.deepEqual(tested.logs, [
    {
      slice: "org.example:echo",
      level: "info",
      message: "Made",
      fields: { of: "org.example:echo:0.0.0-test" },
    },
    {
      slice: "org.example:echo",
      level: "debug",
      message: "Called",
      fields: { requestId: "test-1" },
    },
  ]);
  await tested.stop();
  await tested.stop();
  assert.deepEqual(ended, ["second", "first"], "last registered first, and once");
});

Deno.test("testSlice() throws the errors that a caller in the cluster would get", async () => {
  const failing = slice(echo, {
    create: () => ({
      echo: ({ text }) => {
        if (text === "known") throw new SliceError("KNOWN", "It is known", { status: 409 });
        throw new Error("It is not known");
      },
    }),
  });
  const { client } = await testSlice(failing);
  const known = await client.echo({ text: "known" }).catch((error) => error);
  assert.ok(known instanceof SliceError);
  assert.deepEqual([known.code, known.status], ["KNOWN", 409]);
  const names = async (text: unknown) => {
    const error = await client.echo({ text: text as string }).catch((thrown) => thrown);
    assert.ok(error instanceof AetherError);
    return error.name;
  };
  assert.equal(await names("other"), "SLICE_FAILED");
  assert.equal(await names(1), "INPUT_INVALID");
});

Deno.test("testSlice() gives the fakes it gets, and says which is missing", async () => {
  const relay = slice(echo, {
    needs: { audit },
    create: (needs) => ({ echo: (input) => needs.audit.note(input) }),
  });
  await assert.rejects(() => testSlice(relay), /org\.example:echo needs a fake for "audit"/);
  const { client } = await testSlice(relay, {
    audit: { note: ({ text }) => Promise.resolve({ text: `noted ${text}` }) },
  });
  assert.deepEqual(await client.echo({ text: "a" }), { text: "noted a" });
});

Deno.test("testSlice() has a kv() with revisions and compare-and-set", async () => {
  const store = await fakeKv();
  assert.equal(await store.get("a"), undefined);
  assert.equal(await store.put("a", { n: 1 }, { ifRevision: 0 }), 1);
  await assert.rejects(() => store.put("a", { n: 2 }, { ifRevision: 0 }), isConflict);
  assert.equal(await store.put("a", { n: 2 }, { ifRevision: 1 }), 2);
  assert.deepEqual(await store.entry("a"), { key: "a", value: { n: 2 }, revision: 2 });
  await assert.rejects(() => store.delete("a", { ifRevision: 1 }), isConflict);
  assert.equal(await store.delete("a", { ifRevision: 2 }), true);
  assert.equal(await store.delete("a"), false);
});

Deno.test("testSlice() has a kv() that lists in key order", async () => {
  const store = await fakeKv();
  for (const key of ["b", "a/2", "a/1", "c"]) await store.put(key, key);
  assert.deepEqual((await store.list()).map(({ key }) => key), ["a/1", "a/2", "b", "c"]);
  assert.deepEqual((await store.list("a/")).map(({ value }) => value), ["a/1", "a/2"]);
  assert.deepEqual((await store.list("", { limit: 1 })).map(({ key }) => key), ["a/1"]);
});

Deno.test("testSlice() has a kv() that keeps JSON, not objects", async () => {
  const store = await fakeKv();
  const value = { list: [1], at: new Date(0) };
  await store.put("a", value);
  value.list.push(2);
  assert.deepEqual(await store.get("a"), { list: [1], at: "1970-01-01T00:00:00.000Z" });
  await assert.rejects(() => store.put("b", undefined), /must be JSON/);
  await assert.rejects(() => store.put("b", 1n), TypeError);
});

Deno.test("testSlice() has a kv() that holds to its schema", async () => {
  const store = await fakeKv(z.object({ n: z.int() }));
  await store.put("a", { n: 1 });
  assert.deepEqual(await store.get("a"), { n: 1 });
  await assert.rejects(() => store.put("a", { n: 0.5 }), /expected int/);
  assert.deepEqual(await store.get("a"), { n: 1 });
});
