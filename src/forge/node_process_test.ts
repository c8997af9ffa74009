import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { NodeProcess, type NodeProcessOptions } from "./node_process.ts";

function options(more: Partial<NodeProcessOptions> = {}): NodeProcessOptions {
  return {
    id: "test-1",
    ports: { app: 0, management: 0, cluster: 0, gateway: 0, storage: 0 },
    peers: [],
    logLevel: "info",
    env: { ...Deno.env.toObject(), NODE_ID: "other", AETHER_APP_PORT: "1" },
    onLog: () => {},
    ...more,
  };
}

const never = new AbortController().signal;

Deno.test("NodeProcess.start() gives a node that answers, stop() ends it", async () => {
  const log: string[] = [];
  const node = await NodeProcess.start(options({ onLog: (line) => log.push(line) }), never);
  const response = await fetch(`${node.addresses.management}/health/live`);
  assert.equal(response.status, 200);
  await response.body?.cancel();
  assert.equal(node.addresses.id, "test-1");
  await node.stop();
  assert.equal(await node.ended, undefined);
  assert.ok(log.some((line) => line.includes("Stopping")), log.join("\n"));
});

Deno.test("NodeProcess.start() throws the node's own error", async () => {
  const listener = Deno.listen({ port: 0, hostname: "127.0.0.1" });
  const { port } = listener.addr;
  const ports = { app: port, management: 0, cluster: 0, gateway: 0, storage: 0 };
  const error = await NodeProcess.start(options({ ports }), never).catch((thrown) => thrown);
  listener.close();
  assert.ok(error instanceof AetherError);
  assert.equal(error.name, "PORT_TAKEN");
  assert.match(error.message, new RegExp(String(port)));
});

Deno.test("NodeProcess.start() ends with the reason of its signal and leaves nothing", async () => {
  const starting = NodeProcess.start(options(), AbortSignal.abort(new Error("Enough")));
  await assert.rejects(starting, /Enough/);
});
