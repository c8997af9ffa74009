import { MemoryNetwork } from "../../src/base/transport/memory_network.ts";
import { systemClock } from "../../src/io/clock.ts";
import { tcpTransport } from "../../src/io/tcp_transport.ts";
import { gatewaySuite } from "./gateway_suite.ts";

gatewaySuite("slice on this node", { transports: () => undefined });

gatewaySuite("slice over TCP", {
  transports: () => {
    const local = { hostname: "127.0.0.1", port: 0 };
    return [tcpTransport(local), tcpTransport(local)];
  },
});

gatewaySuite("slice over the twin in memory", {
  transports: () => {
    const network = new MemoryNetwork(systemClock(), 1);
    return [
      network.transport({ hostname: "n1", port: 0 }),
      network.transport({ hostname: "n2", port: 0 }),
    ];
  },
});
