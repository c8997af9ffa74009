import assert from "node:assert/strict";
import { AetherError, toAetherError } from "./errors.ts";

Deno.test("AetherError takes number, status and hint from the catalogue", () => {
  const error = new AetherError("KEY_NOT_FOUND", 'Key "a" does not exist');
  assert.equal(error.code, "E3001");
  assert.equal(error.status, 404);
  assert.equal(error.hint, "List keys to see what is there");
  assert.equal(new AetherError("USAGE", "Wrong", { hint: "Other" }).hint, "Other");
});

Deno.test("AetherError survives the way over a problem document", () => {
  const issues = [{ path: "slices[0]", message: "Wrong", line: 3 }];
  const error = new AetherError("BLUEPRINT_INVALID", "Bad", { issues, hint: "Mend it" });
  const problem = JSON.parse(JSON.stringify(error.toProblem("r-1")));
  assert.equal(problem.type, "urn:aether:error:E4009");
  assert.equal(problem.requestId, "r-1");
  const back = AetherError.fromProblem(problem);
  assert.equal(back.name, "BLUEPRINT_INVALID");
  assert.equal(back.message, "Bad");
  assert.equal(back.hint, "Mend it");
  assert.deepEqual(back.issues, issues);
});

Deno.test("AetherError.fromProblem() makes INTERNAL of what it does not know", () => {
  for (const name of ["NEW_ERROR", "constructor", "__proto__"]) {
    const error = AetherError.fromProblem({ name, detail: "From a newer node" });
    assert.equal(error.name, "INTERNAL");
    assert.equal(error.message, "From a newer node");
  }
  assert.equal(AetherError.fromProblem({}).message, "Unknown error");
});

Deno.test("toAetherError() keeps an AetherError and wraps everything else", () => {
  const known = new AetherError("USAGE", "Wrong");
  assert.equal(toAetherError(known), known);
  const cause = new TypeError("Broken");
  const wrapped = toAetherError(cause);
  assert.deepEqual([wrapped.name, wrapped.message, wrapped.cause], ["INTERNAL", "Broken", cause]);
  assert.equal(toAetherError("text").message, "text");
});
