import assert from "node:assert/strict";
import type { Answer } from "../call.ts";
import { serviceOf } from "../instance_fixture_test.ts";
import { callFailure } from "./failure.ts";
import { Service, Version } from "./service.ts";

Deno.test("callFailure() says what is known: not executed, unknown, or out of time", () => {
  const service = new Service("org.example:one", 0);
  const nameOf = (kind: Answer["kind"], isIdempotent = false) =>
    callFailure({ kind }, service, "get", isIdempotent).name;
  assert.equal(nameOf("lost"), "CALL_OUTCOME_UNKNOWN");
  assert.equal(nameOf("lost", true), "NO_INSTANCE");
  assert.equal(nameOf("notHosted"), "NO_INSTANCE");
  assert.equal(nameOf("full"), "OVERLOADED");
  assert.equal(nameOf("timeout"), "DEADLINE_EXCEEDED");
  assert.equal(nameOf("aborted"), "DEADLINE_EXCEEDED");
});

Deno.test("callFailure() names the version that was called, else the contract", () => {
  const service = new Service("org.example:one", 0);
  const message = () => callFailure({ kind: "timeout" }, service, "get", true).message;
  assert.match(message(), /^org.example:one get did not/);
  service.update([new Version("n1", serviceOf())]);
  assert.match(message(), /^org.example:one:1.0.0 get did not/);
});
