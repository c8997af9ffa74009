import assert from "node:assert/strict";
import { dialTimeout, formatAddress, parseAddress, unreachable } from "./transport.ts";

Deno.test("formatAddress() puts brackets around IPv6", () => {
  assert.equal(formatAddress({ hostname: "::1", port: 80 }), "[::1]:80");
  assert.equal(formatAddress({ hostname: "a.example", port: 80 }), "a.example:80");
});

Deno.test("dialTimeout() and unreachable() name the address and say what to check", () => {
  const address = { hostname: "10.0.0.7", port: 8090 };
  const late = dialTimeout(address, 500);
  assert.equal(late.message, "Node at 10.0.0.7:8090 did not answer within 500 ms");
  assert.match(late.hint, /firewall/);
  const refused = unreachable(address, "connection refused");
  assert.equal(refused.message, "Node at 10.0.0.7:8090 refused: connection refused");
  assert.match(refused.hint, /cluster address/);
});

Deno.test("parseAddress() takes names, IPv4 and bracketed IPv6", () => {
  assert.deepEqual(parseAddress("n1.example:8090"), { hostname: "n1.example", port: 8090 });
  assert.deepEqual(parseAddress("[fd00::1]:8090"), { hostname: "fd00::1", port: 8090 });
});
