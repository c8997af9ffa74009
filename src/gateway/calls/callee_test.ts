import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { serviceOf } from "../instance_fixture_test.ts";
import { calleeOf, requireCallSize } from "./callee.ts";
import { Service, Version } from "./service.ts";

const named = (name: string) => (error: unknown) =>
  error instanceof AetherError && error.name === name;

Deno.test("calleeOf() finds methods that answer once, and streams for those who can read them", () => {
  const service = new Service("org.example:one", 0);
  const { methods } = serviceOf();
  const get = methods["get"] ?? assert.fail();
  service.update([
    new Version(
      "n1",
      serviceOf({
        methods: {
          ...{ ...methods, live: { ...get, stream: "events" }, talk: { ...get, stream: "socket" } },
          put: { ...get, body: "stream" },
        },
      }),
    ),
  ]);
  const find = (contract: string) => contract === service.contract ? service : undefined;
  assert.equal(calleeOf(find, "org.example:one", "get").manifest.idempotent, true);
  assert.throws(() => calleeOf(find, "org.example:two", "get"), named("NO_INSTANCE"));
  assert.throws(() => calleeOf(find, "org.example:one", "toString"), named("CALL_REFUSED"));
  assert.throws(() => calleeOf(find, "org.example:one", "live"), named("CALL_REFUSED"));
  assert.equal(calleeOf(find, "org.example:one", "live", true).manifest.stream, "events");
  for (
    const [method, what] of [["talk", /answers with a socket/], ["put", /takes a body/]] as const
  ) {
    assert.throws(() => calleeOf(find, "org.example:one", method, true), what);
  }
});

Deno.test("requireCallSize() counts bytes, not characters", () => {
  const limit = { contract: "org.example:one", method: "get", maxBytes: 10 };
  requireCallSize("input", "1234567890", limit);
  requireCallSize("input", "äääää", limit);
  assert.throws(() => requireCallSize("output", "ääääää", limit), named("CALL_TOO_LARGE"));
});
