import assert from "node:assert/strict";
import { Network, type NetworkOptions } from "./network.ts";

const names: Readonly<Record<string, readonly string[]>> = {
  "public.example": ["203.0.113.5", "2001:db8::5"],
  "rebound.example": ["127.0.0.1"],
  "mixed.example": ["169.254.169.254", "203.0.113.6", "::1", "::ffff:127.0.0.1"],
  "mapped.example": ["::ffff:10.0.0.7"],
  "peer.example": ["10.0.0.7"],
  "localhost": ["127.0.0.1", "::1"],
};

function network(changes: Partial<NetworkOptions> = {}): Network {
  const created = new Network({
    ceiling: ["*"],
    peers: ["peer.example", "10.0.0.8", "fd00::8"],
    machine: ["127.0.0.1", "192.0.2.1"],
    resolve: (host) =>
      names[host] === undefined
        ? Promise.reject(new Error("ENOTFOUND"))
        : Promise.resolve(names[host]),
    ...changes,
  });
  created.listen(["127.0.0.1:8080", "0.0.0.0:8090", ""]);
  return created;
}

Deno.test("Network.addressesOf() gives public addresses, and private ones that are nobody's", async () => {
  assert.deepEqual(await network().addressesOf("public.example", 443), names["public.example"]);
  for (const host of ["10.1.2.3", "192.168.0.1", "203.0.113.9", "[2001:db8::1]"]) {
    assert.equal((await network().addressesOf(host, 80)).length, 1, host);
  }
});

Deno.test("Network.addressesOf() leads nobody to loopback, link-local, metadata or the cluster", async () => {
  const forbidden = [
    "rebound.example",
    "mapped.example",
    "peer.example",
    "localhost",
    "127.0.0.1",
    "127.1.2.3",
    "0.0.0.0",
    "[::1]",
    "[::]",
    "[::ffff:127.0.0.1]",
    "169.254.169.254",
    "[fe80::1]",
    "[fd00:ec2::254]",
    "10.0.0.7",
    "10.0.0.8",
    "[fd00::8]",
  ];
  for (const host of forbidden) {
    await assert.rejects(network().addressesOf(host, 9_000), { name: "HTTP_REFUSED" }, host);
  }
  assert.deepEqual(await network().addressesOf("mixed.example", 443), ["203.0.113.6"]);
});

Deno.test("Network.addressesOf() protects the node's own ports on every address of the machine", async () => {
  await assert.rejects(network().addressesOf("192.0.2.1", 8_080), /a port of this node/);
  assert.deepEqual(await network().addressesOf("192.0.2.1", 5_432), ["192.0.2.1"]);
  const wide = network({ ceiling: ["127.0.0.1"] });
  assert.deepEqual(await wide.addressesOf("127.0.0.1", 5_432), ["127.0.0.1"]);
  await assert.rejects(wide.addressesOf("127.0.0.1", 8_090), /a port of this node/);
  const exact = network({ ceiling: ["127.0.0.1:8090"] });
  assert.deepEqual(await exact.addressesOf("localhost", 8_090), ["127.0.0.1"]);
});

Deno.test("Network.addressesOf() lets the ceiling open single inner addresses, not names", async () => {
  const opened = network({ ceiling: ["127.0.0.1:9000", "rebound.example", "10.0.0.7"] });
  assert.deepEqual(await opened.addressesOf("rebound.example", 9_000), ["127.0.0.1"]);
  await assert.rejects(opened.addressesOf("rebound.example", 9_001), { name: "HTTP_REFUSED" });
  assert.deepEqual(await opened.addressesOf("peer.example", 1), ["10.0.0.7"]);
});

Deno.test("Network.addressesOf() says that a name has no address", async () => {
  await assert.rejects(network().addressesOf("none.example", 80), {
    name: "HTTP_UNREACHABLE",
    message: 'Host "none.example" has no address',
  });
});
