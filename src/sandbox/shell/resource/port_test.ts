import assert from "node:assert/strict";
import { AetherError } from "../../../base/errors.ts";
import { SliceError } from "../../../sdk/slice_error.ts";
import { withPort } from "./port_fixture_test.ts";
import { ResourcePort } from "./port.ts";

Deno.test("ResourcePort gives each answer to its own request, in any order", async () => {
  const { port1, port2 } = new MessageChannel();
  const port = new ResourcePort(port2);
  const seen: { id: number; key: string }[] = [];
  const both = Promise.withResolvers<void>();
  port1.onmessage = ({ data }) => {
    if (seen.push(data) === 2) both.resolve();
  };
  const answers = ["a", "b"].map((key) => port.request({ op: "entry", resource: "links", key }));
  await both.promise;
  port1.postMessage({ id: 99, ok: true, result: "nobody's" });
  for (const { id, key } of seen.toReversed()) port1.postMessage({ id, ok: true, result: key });
  assert.deepEqual(await Promise.all(answers), ["a", "b"]);
  port.close();
  port1.close();
});

Deno.test("ResourcePort.request() rejects with the problem, and with what cannot be cloned", async () => {
  const problem = new SliceError("KV_CONFLICT", "Changed", { status: 409 }).toProblem();
  await withPort(() => ({ ok: false, problem }), async (port) => {
    const request = { op: "entry", resource: "links", key: "a" } as const;
    await assert.rejects(() => port.request(request), (error) => error instanceof SliceError);
    const key = (() => {}) as unknown as string;
    await assert.rejects(() => port.request({ ...request, key }), /could not be cloned/);
  });
});

Deno.test("ResourcePort.request() refuses more than 10000 at a time", async () => {
  await withPort(() => undefined, async (port) => {
    const request = { op: "entry", resource: "links", key: "a" } as const;
    for (let i = 0; i < 10_000; i++) port.request(request);
    await assert.rejects(
      () => port.request(request),
      (error) => error instanceof AetherError && error.name === "OVERLOADED",
    );
  });
});

Deno.test("ResourcePort.connect() fails what was open, and asks the new port from then on", async () => {
  const [former, next] = [new MessageChannel(), new MessageChannel()];
  const port = new ResourcePort(former.port2);
  const heard: string[] = [];
  port.listen("links", {
    onEvent: (event, value) => void heard.push(`${event} ${value}`),
    onLost: () => void heard.push("lost"),
  });
  const open = port.request({ op: "entry", resource: "links", key: "a" });
  next.port1.onmessage = ({ data }) => {
    next.port1.postMessage({ resource: "links", event: "changed", value: 1 });
    next.port1.postMessage({ resource: "others", event: "changed", value: 2 });
    next.port1.postMessage({ id: data.id, ok: true, result: data.key });
  };
  port.connect(next.port2);
  await assert.rejects(
    open,
    (error) => error instanceof AetherError && error.name === "RESOURCE_LOST",
  );
  assert.equal(await port.request({ op: "entry", resource: "links", key: "b" }), "b");
  assert.deepEqual(heard, ["lost", "changed 1"]);
  for (const end of [former.port1, next.port1]) end.close();
  port.close();
});
