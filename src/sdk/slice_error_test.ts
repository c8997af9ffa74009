import assert from "node:assert/strict";
import fc from "fast-check";
import { AetherError } from "../base/errors.ts";
import { SliceError } from "./slice_error.ts";

Deno.test("SliceError is a bad request unless it says otherwise", () => {
  const error = new SliceError("BAD", "It is bad", { cause: "why" });
  assert.deepEqual([error.name, error.code, error.status], ["SliceError", "BAD", 400]);
  assert.equal(error.cause, "why");
  assert.ok(error instanceof Error);
});

Deno.test("SliceError refuses a status that no error can have", () => {
  for (const status of [0, 99, 200, 204, 399, 600, 404.5, Number.NaN]) {
    assert.throws(
      () => new SliceError("BAD", "It is bad", { status }),
      (error) => error instanceof RangeError && /SliceError BAD has status/.test(error.message),
      String(status),
    );
  }
});

Deno.test("SliceError.fromProblem() reads what toProblem() wrote, after JSON too", () => {
  const anyError = fc.record({
    code: fc.string(),
    message: fc.string(),
    status: fc.integer({ min: 400, max: 599 }),
    data: fc.jsonValue(),
  });
  fc.assert(
    fc.property(anyError, ({ code, message, status, data }) => {
      const error = new SliceError(code, message, { status, data });
      const read = SliceError.fromProblem(JSON.parse(JSON.stringify(error.toProblem())));
      assert.ok(read !== undefined);
      assert.deepEqual([read.code, read.message, read.status], [code, message, status]);
      assert.deepEqual(read.data, JSON.parse(JSON.stringify(data)));
    }),
    { seed: 1 },
  );
  assert.equal("data" in new SliceError("BAD", "It is bad").toProblem(), false);
});

Deno.test("SliceError.fromProblem() leaves other problems to others", () => {
  const known = new AetherError("NO_INSTANCE", "None runs").toProblem();
  for (const problem of [undefined, null, 1, "text", {}, { type: 5 }, known]) {
    assert.equal(SliceError.fromProblem(problem), undefined);
  }
});

Deno.test("SliceError.fromProblem() makes an error of whatever a slice wrote", () => {
  const { type } = new SliceError("BAD", "It is bad").toProblem();
  for (const status of [undefined, null, "404", 200, 99, 1e9, {}]) {
    const error = SliceError.fromProblem({ type, status, code: 1, detail: { a: 1 } });
    assert.equal(error?.status, 500, String(status));
    assert.equal(error?.code, "1");
    assert.equal(typeof error?.message, "string");
  }
});
