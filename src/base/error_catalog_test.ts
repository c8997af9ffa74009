import assert from "node:assert/strict";
import { errorByCode, errorCatalog } from "./error_catalog.ts";

Deno.test("errorCatalog has a number, a status, a title and a hint in every row", () => {
  for (const [name, { code, status, title, hint }] of Object.entries(errorCatalog)) {
    assert.match(code, /^E[1-5]\d{3}$/, name);
    assert.ok(status >= 400 && status <= 599, name);
    for (const text of [title, hint]) {
      assert.match(text, /^[A-Z`].*[^.]$/s, `${name}: ${text}`);
    }
  }
});

Deno.test("errorByCode() finds a row in either case, or nothing", () => {
  assert.equal(errorByCode("E3001")?.name, "KEY_NOT_FOUND");
  assert.equal(errorByCode("e3001")?.info.status, 404);
  assert.equal(errorByCode("E0000"), undefined);
});
