import assert from "node:assert/strict";
import { parseAddress } from "./address.ts";

Deno.test("parseAddress() adds scheme and port", () => {
  assert.equal(parseAddress("127.0.0.1:9000"), "http://127.0.0.1:9000");
  assert.equal(parseAddress("node-1"), "http://node-1:8080");
  assert.equal(parseAddress("[::1]"), "http://[::1]:8080");
  assert.equal(parseAddress("host:80"), "http://host");
  assert.equal(parseAddress("https://aether.example.com"), "https://aether.example.com");
  assert.equal(parseAddress("https://127.0.0.1:8443/"), "https://127.0.0.1:8443");
});

Deno.test("parseAddress() refuses what is no address and names it", () => {
  const wrong: [address: string, message: RegExp][] = [
    ["", /Address "" is not a host and a port; write for example 127\.0\.0\.1:8080/],
    ["host:99999", /Address "host:99999" is not a host/],
    ["ftp://host", /Address "ftp:\/\/host" has a scheme other than http/],
    ["host:1/api", /Address "host:1\/api" has something after the port; write http:\/\/host:1/],
    ["me:geheim@host:1", /^Address "host:1" came with a user name/],
  ];
  for (const [address, message] of wrong) {
    assert.throws(() => parseAddress(address), { name: "USAGE", message }, address);
  }
});
