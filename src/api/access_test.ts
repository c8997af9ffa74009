import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { resolveConfig } from "../protocol/config/config.ts";
import { Access, checkContentType } from "./access.ts";

function accessOf(management: Record<string, unknown>): Access {
  return new Access(resolveConfig({ management }).management);
}

function keyOf(role: string, key: string, name = role): Record<string, string> {
  return { name, role, sha256: createHash("sha256").update(key).digest("hex") };
}

Deno.test("Access.authenticate() makes everybody an admin without keys, nobody with them", () => {
  const open = accessOf({});
  assert.deepEqual(open.authenticate(undefined), { name: "local", role: "admin" });
  const keyed = accessOf({ keys: [keyOf("viewer", "one"), keyOf("admin", "two")] });
  assert.deepEqual(keyed.authenticate(undefined), { name: "anonymous", role: "public" });
  assert.deepEqual(keyed.authenticate(null), { name: "anonymous", role: "public" });
  assert.deepEqual(keyed.authenticate("Bearer one"), { name: "viewer", role: "viewer" });
  assert.deepEqual(keyed.authenticate("bearer   two"), { name: "admin", role: "admin" });
  for (const header of ["Bearer three", "Bearer", "one", "Basic one", "Bearer one two", ""]) {
    assert.throws(() => keyed.authenticate(header), { name: "UNAUTHENTICATED" }, header);
  }
});

Deno.test("Access.authorize() asks for a key, or says which role the key lacks", () => {
  const access = accessOf({ keys: [keyOf("operator", "one", "bot")] });
  const bot = access.authenticate("Bearer one");
  for (const need of ["public", "viewer", "operator"] as const) access.authorize(bot, need);
  assert.throws(() => access.authorize(bot, "admin"), {
    name: "FORBIDDEN",
    message: 'Key "bot" has the role operator; this needs admin',
  });
  const nobody = access.authenticate(undefined);
  access.authorize(nobody, "public");
  assert.throws(() => access.authorize(nobody, "viewer"), {
    name: "UNAUTHENTICATED",
    message: "This needs an API key with the role viewer",
  });
});

Deno.test("Access.checkHost() knows the node's names, in the form of a Host header", () => {
  const access = accessOf({ host: "::1", hosts: ["Node-1.example.com", "fd00::5", "10.0.0.5"] });
  const caller = access.authenticate(undefined);
  const ours = [
    "localhost",
    "LOCALHOST:8080",
    "127.0.0.1:1",
    "[::1]:8080",
    "node-1.EXAMPLE.com:8443",
    "[fd00::5]:8080",
    "10.0.0.5",
  ];
  for (const host of ours) access.checkHost(host, caller);
  const foreign = [
    "evil.example.com",
    "localhost.",
    "10.0.0.50",
    "fd00::5",
    "[fd00::50]",
    "",
    null,
  ];
  for (const host of foreign) {
    assert.throws(() => access.checkHost(host, caller), { name: "HOST_REFUSED" }, String(host));
  }
});

Deno.test("Access.checkHost() takes any address when the node listens everywhere", () => {
  for (const host of ["0.0.0.0", "::"]) {
    const access = accessOf({ host, insecure: true });
    const caller = access.authenticate(undefined);
    for (const ours of ["10.0.0.5", "10.0.0.5:8080", "[fd00::5]:8080", "[fd00::5]"]) {
      access.checkHost(ours, caller);
    }
    for (const foreign of ["evil.example.com", "10.0.0.5.example.com:80", "[evil]", "10.0.0", ""]) {
      assert.throws(() => access.checkHost(foreign, caller), { name: "HOST_REFUSED" }, foreign);
    }
  }
});

Deno.test("Access.checkHost() takes any name from a caller with a key", () => {
  const access = accessOf({ keys: [keyOf("viewer", "one")] });
  access.checkHost("evil.example.com", access.authenticate("Bearer one"));
  const nobody = access.authenticate(undefined);
  assert.throws(() => access.checkHost("evil.example.com", nobody), { name: "HOST_REFUSED" });
});

Deno.test("checkContentType() refuses what a page of another site can send unasked", () => {
  const host = "127.0.0.1:8080";
  const fine: readonly Record<string, string>[] = [
    {},
    { "content-type": "text/plain" },
    { "content-type": "application/json", "sec-fetch-site": "same-origin" },
    { origin: `http://${host}` },
    // Behind a proxy that ends TLS.
    { origin: `https://${host}` },
    { origin: "http://evil.example.com", "sec-fetch-site": "same-origin" },
    { authorization: "Bearer key", origin: "http://evil.example.com" },
  ];
  for (const headers of fine) checkContentType(new Headers({ host, ...headers }));
  const foreign: readonly Record<string, string>[] = [
    { "content-type": "multipart/form-data; boundary=x" },
    { "content-type": "APPLICATION/x-www-form-urlencoded" },
    { "sec-fetch-site": "cross-site" },
    { "sec-fetch-site": "same-site" },
    { origin: "http://evil.example.com" },
    { origin: `http://${host}.evil.example.com` },
    { origin: "null" },
  ];
  for (const headers of foreign) {
    const refused = () => checkContentType(new Headers({ host, ...headers }));
    assert.throws(refused, { name: "CONTENT_TYPE_REFUSED" }, JSON.stringify(headers));
  }
});
