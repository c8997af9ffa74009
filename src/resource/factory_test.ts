import assert from "node:assert/strict";
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { extensionKey, parseCall } from "./factory.ts";

Deno.test("parseCall() gives the checked message, or refuses it with all issues", () => {
  const schema = z.object({ op: z.literal("get"), key: z.string(), limit: z.int().default(5) });
  assert.deepEqual(parseCall(schema, { op: "get", key: "a" }), { op: "get", key: "a", limit: 5 });
  assert.throws(
    () => parseCall(schema, { op: "put", limit: "x" }),
    (error) => error instanceof AetherError && error.issues.length === 3,
  );
});

Deno.test("extensionKey() names a part of the node", () => {
  assert.deepEqual(extensionKey<number>("answer"), { name: "answer" });
});
