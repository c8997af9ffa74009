import assert from "node:assert/strict";
import { ManualClock } from "../../src/base/clock.ts";
import { MemoryNetwork } from "../../src/base/transport/memory_network.ts";
import { tcpTransport } from "../../src/io/tcp_transport.ts";
import { certifiedNodes, tlsParts } from "../../src/io/tls/certified_fixture_test.ts";
import { tlsTransport } from "../../src/io/tls/tls_transport.ts";
import { testTransport } from "./transport_suite.ts";

testTransport("TCP", () => ({
  transport: (limits) => tcpTransport({ hostname: "127.0.0.1", port: 0 }, limits),
  transportAt: (address) => tcpTransport(address),
  until: (promise) => promise,
}));

const { credentials } = await certifiedNodes("n1");
const secure = { ...tlsParts(), credentials: credentials("n1") };
testTransport("TLS", () => ({
  transport: (limits = {}) =>
    tlsTransport({ hostname: "127.0.0.1", port: 0 }, { ...secure, limits }),
  transportAt: (address) => tlsTransport(address, secure),
  until: (promise) => promise,
}));

testTransport("MemoryNetwork", () => {
  const clock = new ManualClock();
  const network = new MemoryNetwork(clock);
  let nodes = 0;
  return {
    transport: (limits) => network.transport({ hostname: `node${nodes++}`, port: 0 }, limits),
    transportAt: (address) => network.transport(address),
    async until<T>(promise: Promise<T>): Promise<T> {
      let isSettled = false;
      const settle = () => void (isSettled = true);
      promise.then(settle, settle);
      for (let ms = 0; !isSettled && ms < 10_000; ms++) {
        clock.advance(1);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
      assert.ok(isSettled, "nothing happened for 10 s of the network's time");
      return await promise;
    },
  };
});
