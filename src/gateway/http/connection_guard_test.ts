import assert from "node:assert/strict";
import type { TcpConnection, TcpSockets } from "../../io/tcp_sockets.ts";
import { ConnectionGuard } from "./connection_guard.ts";

const limits = {
  headerTimeoutMs: 10_000,
  idleTimeoutMs: 60_000,
  writeTimeoutMs: 20_000,
  maxConnections: 3,
};

/** The kernel, played by the test. */
class Kernel implements TcpSockets {
  connections: TcpConnection[] = [];
  readonly closed: string[] = [];

  set(remote: string, receivedBytes: bigint, ackedBytes: bigint, isSending = false): void {
    this.connections = this.connections.filter((each) => each.remote !== remote);
    this.connections.push({ fd: 1, remote, receivedBytes, ackedBytes, isSending });
  }

  incoming(): TcpConnection[] {
    return this.connections;
  }

  close({ remote }: TcpConnection): boolean {
    this.closed.push(remote);
    this.connections = this.connections.filter((each) => each.remote !== remote);
    return true;
  }

  watch(): void {}
  [Symbol.dispose](): void {}
}

const a = "192.0.2.1:1";
const peer = { remoteAddr: { transport: "tcp", hostname: "192.0.2.1", port: 1 } } as const;

Deno.test("ConnectionGuard closes a connection whose head does not end, however it drips", () => {
  const kernel = new Kernel();
  const guard = new ConnectionGuard(kernel, 80, limits);
  const closed: string[] = [];
  for (let second = 0; second <= 12; second++) {
    if (!closed.includes("head")) kernel.set(a, BigInt(second), 0n);
    closed.push(...guard.sweep(second * 1_000));
  }
  assert.deepEqual([closed, kernel.closed], [["head"], [a]]);
});

Deno.test("ConnectionGuard closes idle connections, and not those that are used", () => {
  const kernel = new Kernel();
  const guard = new ConnectionGuard(kernel, 80, limits);
  const b = "192.0.2.2:2";
  kernel.set(a, 0n, 0n);
  for (let second = 0; second <= 200; second += 10) {
    kernel.set(b, BigInt(second), BigInt(second));
    const reasons = guard.sweep(second * 1_000);
    assert.deepEqual(reasons, second === 70 ? ["idle"] : [], `${second}`);
  }
  assert.deepEqual(kernel.closed, [a]);
});

Deno.test("ConnectionGuard leaves a connection alone while a request is under way", () => {
  const kernel = new Kernel();
  const guard = new ConnectionGuard(kernel, 80, limits);
  kernel.set(a, 100n, 0n);
  guard.begin(peer);
  for (let second = 0; second <= 500; second += 10) guard.sweep(second * 1_000);
  guard.end(peer);
  kernel.set(a, 100n, 50n);
  assert.deepEqual(guard.sweep(501_000), []);
  assert.deepEqual(guard.sweep(560_000), []);
  assert.deepEqual(guard.sweep(562_000), ["idle"]);
});

Deno.test("ConnectionGuard closes a client that takes nothing of its answer", () => {
  const kernel = new Kernel();
  const guard = new ConnectionGuard(kernel, 80, limits);
  guard.begin(peer);
  for (let second = 0; second <= 100; second += 10) {
    kernel.set(a, 100n, BigInt(second), true);
    assert.deepEqual(guard.sweep(second * 1_000), [], "slow is not too slow");
  }
  assert.deepEqual(guard.sweep(120_000), []);
  assert.deepEqual(guard.sweep(121_000), ["write"]);
});

Deno.test("ConnectionGuard closes those idle longest when there are too many", () => {
  const kernel = new Kernel();
  const guard = new ConnectionGuard(kernel, 80, limits);
  kernel.set(a, 1n, 1n);
  guard.begin(peer);
  guard.sweep(0);
  for (let port = 2; port <= 5; port++) {
    kernel.set(`192.0.2.1:${port}`, 1n, 1n);
    guard.sweep(port * 100);
  }
  assert.deepEqual(kernel.closed, ["192.0.2.1:2", "192.0.2.1:3"], "not the one in use");
});
