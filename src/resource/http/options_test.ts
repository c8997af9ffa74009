import assert from "node:assert/strict";
import { httpOptionsSchema } from "./options.ts";

const baseUrl = "https://api.example.com";

Deno.test("httpOptionsSchema fills in defaults", () => {
  assert.deepEqual(httpOptionsSchema.parse({ baseUrl, timeout: "1m" }), {
    baseUrl,
    timeout: 60_000,
    connectTimeout: 5_000,
    connections: 16,
    idleTimeout: 30_000,
    maxBodyBytes: 10_485_760,
    jsonNaming: "as-is",
    headers: {},
    retry: { attempts: 3, minDelay: 100, maxDelay: 5_000 },
    tls: { minVersion: "TLSv1.2" },
  });
});

Deno.test("httpOptionsSchema names the key that is wrong", () => {
  const wrong: [object, string][] = [
    [{}, "baseUrl"],
    [{ baseUrl: "ftp://a" }, "baseUrl"],
    [{ baseUrl: "https://a?b" }, "baseUrl"],
    [{ baseUrl: "https://user:pass@a" }, "baseUrl"],
    [{ baseUrl, timeout: 5 }, "timeout"],
    [{ baseUrl, connections: 0 }, "connections"],
    [{ baseUrl, jsonNaming: "upper" }, "jsonNaming"],
    [{ baseUrl, headers: { "a b": "x" } }, "headers.a b"],
    [{ baseUrl, headers: { a: "x\r\ny: z" } }, "headers.a"],
    [{ baseUrl, retry: { attempts: 11 } }, "retry.attempts"],
    [{ baseUrl, tls: { ca: "/etc/ca.pem" } }, "tls.ca"],
    [{ baseUrl, other: 1 }, ""],
  ];
  for (const [section, path] of wrong) {
    const { error } = httpOptionsSchema.safeParse(section);
    assert.deepEqual(error?.issues.map((issue) => issue.path.join(".")), [path]);
  }
});
