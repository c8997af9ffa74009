import assert from "node:assert/strict";
import { errorCatalog, type ErrorName } from "../src/base/error_catalog.ts";
import { AetherError } from "../src/base/errors.ts";
import { exitCodeOf, exitCodes } from "./exit_code.ts";

Deno.test("exitCodeOf() tells the kinds of errors apart", () => {
  const expected: [name: ErrorName, code: number][] = [
    ["USAGE", 2],
    ["CONFIG_INVALID", 1],
    ["INTERNAL", 1],
    ["DEPLOYMENT_FAILED", 1],
    ["NOT_PROPOSED", 1],
    ["KEY_NOT_FOUND", 3],
    ["BLUEPRINT_NOT_FOUND", 3],
    ["UNAUTHENTICATED", 4],
    ["FORBIDDEN", 4],
    ["PRECONDITION_FAILED", 5],
    ["ARTIFACT_EXISTS", 5],
    ["PORT_TAKEN", 5],
    ["TIMEOUT", 6],
    ["OUTCOME_UNKNOWN", 6],
    ["UNREACHABLE", 8],
  ];
  for (const [name, code] of expected) {
    assert.equal(exitCodeOf(new AetherError(name, "Text")), code, name);
  }
});

Deno.test("exitCodeOf() gives every error of the catalogue a documented code", () => {
  for (const name of Object.keys(errorCatalog) as ErrorName[]) {
    const code = exitCodeOf(new AetherError(name, "Text"));
    assert.ok(code > 0 && exitCodes[code] !== undefined, `${name}: ${code}`);
  }
});
