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

Deno.test("remoteOf() has one form for each address", () => {
  assert.equal(remoteOf("192.0.2.1", 80), "192.0.2.1:80");
  assert.equal(remoteOf("2001:db8:0:0:0:0:0:1", 80), "[2001:db8::1]:80");
  assert.equal(remoteOf("::ffff:192.0.2.1", 80), remoteOf("::ffff:c000:201", 80));
});
