import assert from "node:assert/strict";
import { AetherError } from "../../src/base/errors.ts";
import { renderError, renderErrorJson } from "./error.ts";
import { painter } from "./style.ts";

const error = new AetherError("BLUEPRINT_INVALID", "The blueprint has 2 problems", {
  issues: [
    { path: "slices[0].artifact", message: "Is missing", line: 3 },
    { path: "", message: "First line\nsecond" },
  ],
  hint: "Correct them",
});

Deno.test("renderError() prints message, issues with lines, and hint", () => {
  assert.equal(
    renderError(error, painter(false)),
    "error[E4009]: The blueprint has 2 problems\n" +
      "  slices[0].artifact (line 3): Is missing\n" +
      "  First line\n    second\n" +
      "hint: Correct them\n",
  );
});

Deno.test("renderError() defuses what came from elsewhere", () => {
  const hostile = new AetherError("INTERNAL", "\x1b]0;owned\x07");
  assert.ok(renderError(hostile, painter(false)).includes("\\u001b]0;owned\\u0007"));
});

Deno.test("renderErrorJson() is the problem document on one line", () => {
  const text = renderErrorJson(error);
  assert.equal(text.indexOf("\n"), text.length - 1);
  assert.deepEqual(JSON.parse(text), error.toProblem());
});
