import assert from "node:assert/strict";
import { remoteOf, tcpSockets } from "./tcp_sockets.ts";

for (const hostname of ["127.0.0.1", "::1"]) {
  Deno.test(`tcpSockets() sees and closes a connection to ${hostname}`, async () => {
    using sockets = tcpSockets() ?? assert.fail("There is no way to see sockets here");
    using listener = Deno.listen({ hostname, port: 0 });
    const { port } = listener.addr;
    assert.deepEqual(sockets.incoming(port), []);
    using client = await Deno.connect({ hostname, port });
    using served = await listener.accept();
    await client.write(new Uint8Array(5));
    await served.read(new Uint8Array(5));
    const [connection, ...more] = sockets.incoming(port);
    assert.ok(connection !== undefined && more.length === 0);
    const local = client.localAddr;
    assert.equal(connection.remote, remoteOf(local.hostname, local.port));
    assert.equal(connection.receivedBytes, 5n);
    sockets.watch(connection, 1_000);
    assert.equal(sockets.close({ ...connection, remote: "192.0.2.1:1" }), false);
    assert.equal(sockets.close(connection), true);
    assert.equal(await client.read(new Uint8Array(1)), null);
  });
}

/** Seconds until the kernel asks whether the other end is there; undefined when it never does. */
function keepAliveSeconds(port: number, remotePort: number): number | undefined {
  const hex = (value: number) => value.toString(16).toUpperCase().padStart(4, "0");
  const line = Deno.readTextFileSync("/proc/self/net/tcp").split("\n").find((each) => {
    const [, local = "", remote = ""] = each.trim().split(/\s+/);
    return local.endsWith(`:${hex(port)}`) && remote.endsWith(`:${hex(remotePort)}`);
  });
  const [kind, ticks = ""] = line?.trim().split(/\s+/)[5]?.split(":") ?? [];
  // Kind 2 is the timer of keep-alive, in hundredths of a second.
  return kind === "02" ? parseInt(ticks, 16) / 100 : undefined;
}

Deno.test("TcpSockets.watch() lets the kernel ask for a client that has vanished", async () => {
  using sockets = tcpSockets() ?? assert.fail("There is no way to see sockets here");
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  using client = await Deno.connect({ hostname: "127.0.0.1", port });
  using _served = await listener.accept();
  const { port: remotePort } = client.localAddr;
  assert.equal(keepAliveSeconds(port, remotePort), undefined, "by itself it never does");
  const [connection] = sockets.incoming(port);
  assert.ok(connection !== undefined);
  sockets.watch(connection, 30_000);
  const seconds = keepAliveSeconds(port, remotePort) ?? assert.fail("The timer is not on");
  assert.ok(seconds <= 30, `${seconds} s`);
});

Deno.test("remoteOf() has one form for each address", () => {
  assert.equal(remoteOf("192.0.2.1", 80), "192.0.2.1:80");
  assert.equal(remoteOf("2001:db8:0:0:0:0:0:1", 80), "[2001:db8::1]:80");
  assert.equal(remoteOf("::ffff:192.0.2.1", 80), remoteOf("::ffff:c000:201", 80));
});
