import assert from "node:assert/strict";
import { ByteWriter } from "../base/codec.ts";
import { writeFrame } from "../base/transport/frame.ts";
import { tcpTransport } from "./tcp_transport.ts";

const LOOPBACK = { hostname: "127.0.0.1", port: 0 };

/** A transport that records, per link, its frames and why it was closed. */
async function recordingServer() {
  const server = tcpTransport(LOOPBACK, { maxFrameBytes: 1000 });
  const closings: string[] = [];
  const waiting: ((reason: string) => void)[] = [];
  const address = await server.listen((link) =>
    link.start({
      onFrame: (frame) => void link.send(frame),
      onClose(reason) {
        closings.push(reason);
        waiting.shift()?.(reason);
      },
    })
  );
  const nextClosing = () => new Promise<string>((resolve) => waiting.push(resolve));
  return { server, address, nextClosing };
}

Deno.test("tcpTransport() closes a link that sends anything but frames", async () => {
  const { server, address, nextClosing } = await recordingServer();
  const strangers = [
    [/Frame refused: Frame of 542393671 bytes/, "GET / HTTP/1.1\r\n\r\n"],
    [/Frame refused: Frame of 0 bytes/, "\0\0\0\0"],
    [/Frame refused: Frame of 4294967295 bytes/, Uint8Array.of(255, 255, 255, 255)],
  ] as const;
  for (const [reason, said] of strangers) {
    const closing = nextClosing();
    using stranger = await Deno.connect(address);
    await stranger.write(typeof said === "string" ? new TextEncoder().encode(said) : said);
    assert.match(await closing, reason);
    assert.equal(await stranger.read(new Uint8Array(1)).catch(() => null), null);
  }
  using friend = await Deno.connect(address);
  const hello = Uint8Array.of(1, 0, 0, 0, 7);
  await friend.write(hello);
  const echo = new Uint8Array(10);
  assert.equal(await friend.read(echo), 5);
  assert.deepEqual(echo.subarray(0, 5), hello);
  await server.close();
});

Deno.test("tcpTransport() takes a frame byte by byte, and half a frame for nothing", async () => {
  const { server, address, nextClosing } = await recordingServer();
  const conn = await Deno.connect(address);
  conn.setNoDelay(true);
  for (const byte of [2, 0, 0, 0, 7, 8]) await conn.write(Uint8Array.of(byte));
  assert.equal(await conn.read(new Uint8Array(10)), 6);
  await conn.write(Uint8Array.of(9, 0, 0));
  const closing = nextClosing();
  conn.close();
  assert.match(await closing, /Closed by the peer|reset/);
  await server.close();
});

Deno.test("tcpTransport() sends all frames of a turn in one write", async () => {
  using listener = Deno.listen(LOOPBACK);
  const client = tcpTransport(LOOPBACK);
  const [link, conn] = await Promise.all([
    client.dial(listener.addr as Deno.NetAddr, { timeoutMs: 1000 }),
    listener.accept(),
  ]);
  const expected = new ByteWriter();
  for (let i = 1; i <= 20; i++) {
    const frame = new Uint8Array(i).fill(i);
    writeFrame(expected, frame);
    link.send(frame);
  }
  assert.equal(link.queuedBytes, expected.length);
  const received = new Uint8Array(10_000);
  const count = await conn.read(received) ?? 0;
  assert.deepEqual(received.subarray(0, count), expected.take());
  conn.close();
  await client.close();
});

Deno.test("tcpTransport() dials fail with TIMEOUT when nothing answers", async () => {
  // A listener that never accepts, with its waiting line full, lets further dials hang.
  using listener = Deno.listen({ ...LOOPBACK, tcpBacklog: 1 });
  const address = listener.addr as Deno.NetAddr;
  const client = tcpTransport(LOOPBACK);
  const dials = Array.from({ length: 200 }, () => client.dial(address, { timeoutMs: 300 }));
  const failed = (await Promise.allSettled(dials)).filter((dial) => dial.status === "rejected");
  assert.ok(failed.length > 0, "the waiting line is never full");
  for (const { reason } of failed) assert.equal(reason.name, "TIMEOUT");
  await client.close();
});

Deno.test("tcpTransport() listen() on an address of another machine names it", async () => {
  const server = tcpTransport({ hostname: "192.0.2.1", port: 0 });
  await assert.rejects(server.listen(() => {}), {
    name: "CONFIG_INVALID",
    message: /^Listening on 192\.0\.2\.1:0 failed: /,
  });
  await server.close();
});
