import assert from "node:assert/strict";
import { serverTls } from "./server_tls.ts";

Deno.test("serverTls() is nothing without a table, and names a file that is not there", () => {
  assert.deepEqual(serverTls("app", undefined), {});
  const tls = { certificate: "/nowhere/c.pem", key: "/nowhere/k.pem" };
  assert.throws(() => serverTls("app", tls), {
    name: "FILE_UNREADABLE",
    message: 'The file "/nowhere/c.pem" of app.tls cannot be read',
  });
});
