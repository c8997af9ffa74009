import assert from "node:assert/strict";
import { z } from "zod";
import { config } from "../../../sdk/resource/config.ts";
import { ConfigProxy } from "./config.ts";
import { withPort } from "./port_fixture_test.ts";

const spec = config("limits", z.object({ perUser: z.number().default(10) }));

Deno.test("config() gives checked values with the schema's defaults", async () => {
  let result: unknown = {};
  await withPort(() => ({ ok: true, result }), async (port, requests) => {
    const limits = new ConfigProxy("limits", spec, port);
    assert.deepEqual(await limits.get(), { perUser: 10 });
    result = { perUser: "many" };
    await assert.rejects(limits.get(), {
      name: "RESOURCE_INVALID",
      message: /\[resources\.limits\] does not match .*: values\.perUser: /,
    });
    assert.deepEqual(requests[0], { resource: "limits", op: "get", id: 1 });
  });
});

Deno.test("config().onChange() tells of valid changes until it is told to stop", async () => {
  const lines: string[] = [];
  const result = { perUser: 40 };
  await withPort((request) => {
    if (request["op"] === "log") lines.push(String(request["message"]));
    return request["op"] === "get" ? { ok: true, result } : undefined;
  }, async (port) => {
    const limits = new ConfigProxy("limits", spec, port);
    const heard: unknown[] = [];
    const third = Promise.withResolvers<void>();
    const stop = limits.onChange((value) => {
      heard.push(value);
      if (heard.length === 3) third.resolve();
    });
    limits.onEvent("changed", { perUser: 20 });
    limits.onEvent("changed", { perUser: "many" });
    limits.onEvent("changed", { perUser: 30 });
    limits.onLost();
    await third.promise;
    assert.deepEqual(heard, [{ perUser: 20 }, { perUser: 30 }, { perUser: 40 }]);
    stop();
    limits.onEvent("changed", { perUser: 50 });
    await limits.get();
    assert.equal(heard.length, 3);
    assert.match(lines.join(), /A change of config "limits" failed: .*values\.perUser/);
  });
});
