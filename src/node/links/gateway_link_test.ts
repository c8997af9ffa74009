import assert from "node:assert/strict";
import { resolveConfig } from "../../protocol/config/config.ts";
import type { ControlToGateway, RouteSnapshot } from "../../protocol/thread/threads.ts";
import { GatewayLink, type GatewayNews } from "./gateway_link.ts";

/** The next messages of a port, as many as are wanted. */
function received(port: MessagePort, count: number): Promise<ControlToGateway[]> {
  const messages: ControlToGateway[] = [];
  return new Promise((resolve) => {
    port.onmessage = ({ data }: MessageEvent<ControlToGateway>) => {
      messages.push(data);
      if (messages.length === count) resolve(messages);
    };
  });
}

Deno.test("GatewayLink tells a gateway everything, and one after a restart again", async () => {
  const config = resolveConfig({});
  const snapshot: RouteSnapshot = { revision: 7, cluster: "c1", services: [] };
  const link = new GatewayLink({ routes: () => snapshot, config: () => config });
  link.post({ type: "drain", instance: "n1/a/0" });
  const news: GatewayNews[] = [];
  const heard = Promise.withResolvers<void>();
  for (let restart = 0; restart < 2; restart++) {
    const { port1, port2 } = new MessageChannel();
    const told = received(port2, 3);
    link.connect(port1, (message) => {
      news.push(message);
      heard.resolve();
    });
    const messages = await told;
    const types = messages.map(({ type }) => type);
    assert.deepEqual(types, ["config", "routes", "calls"]);
    const again = received(port2, 2);
    port2.postMessage({ type: "resync" });
    link.sendRoutes();
    assert.deepEqual((await again).map(({ type }) => type), ["routeDelta", "routes"]);
    port2.postMessage({ type: "applied", revision: 7 });
    await heard.promise;
    for (const message of messages) if (message.type === "calls") message.port.close();
    port2.close();
  }
  assert.deepEqual(news[0], { type: "applied", revision: 7 });
  link.close();
});

Deno.test("GatewayLink leaves a gateway its routes until control knows as much", async () => {
  const snapshot: RouteSnapshot = { revision: 7, cluster: "c1", services: [] };
  const routes = () => snapshot;
  const types: string[][] = [];
  for (const isFresh of [false, true]) {
    const link = new GatewayLink({ routes, config: () => undefined, holdsRoutes: true });
    const [first, second] = [new MessageChannel(), new MessageChannel()];
    const told = received(first.port2, isFresh ? 1 : 2);
    link.connect(first.port1, () => {});
    link.sendRoutes();
    link.sendRoutes(true);
    if (!isFresh) link.releaseRoutes();
    const toFirst = await told;
    const again = received(second.port2, 2);
    link.connect(second.port1, () => {});
    const toSecond = await again;
    for (const messages of [toFirst, toSecond]) types.push(messages.map(({ type }) => type));
    link.close();
    for (const message of [...toFirst, ...toSecond]) {
      if (message.type === "calls") message.port.close();
    }
    for (const { port2 } of [first, second]) port2.close();
  }
  const everything = ["routes", "calls"];
  assert.deepEqual(types, [["calls", "routes"], everything, ["calls"], everything]);
});
