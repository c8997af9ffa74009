import assert from "node:assert/strict";
import { kv } from "../../../sdk/resource/kv.ts";
import type { ResourceSpec } from "../../../sdk/resource/spec.ts";
import { createResource } from "./handles.ts";
import { withPort } from "./port_fixture_test.ts";

Deno.test("createResource() refuses a type that the node does not offer", async () => {
  await withPort(() => undefined, (port) => {
    const queue: ResourceSpec<unknown> = { ...kv(), type: "queue" };
    assert.throws(
      () => createResource("jobs", queue, port),
      /Need "jobs" has resource type "queue", which this node does not offer/,
    );
    return Promise.resolve();
  });
});
