import assert from "node:assert/strict";
import { ByteReader, ByteWriter, DecodeError } from "../base/codec.ts";
import { tickMsMax } from "../protocol/store/command.ts";
import { Leases } from "./leases.ts";

Deno.test("Leases.expired() names a lease after its time and one tick, in order", () => {
  const leases = new Leases();
  leases.grant("b", 1_000, 0);
  leases.grant("a", 1_000, 0);
  leases.grant("c", 2_000, 0);
  assert.deepEqual(leases.expired(1_000 + tickMsMax - 1), []);
  assert.deepEqual(leases.expired(1_000 + tickMsMax), ["a", "b"]);
  leases.renew("a", 500);
  leases.renew("none", 500);
  assert.deepEqual(leases.expired(1_000 + tickMsMax), ["b"]);
});

Deno.test("Leases.end() gives the keys that were bound last, each to one lease", () => {
  const leases = new Leases();
  leases.grant("a", 1_000, 0);
  leases.grant("b", 1_000, 0);
  for (const key of ["k2", "k1", "k3", "k4"]) leases.bind(key, "a");
  leases.bind("k3", "b");
  leases.bind("k4", undefined);
  leases.grant("a", 5_000, 0);
  assert.deepEqual(leases.end("a"), ["k1", "k2"]);
  assert.deepEqual(leases.end("a"), []);
  assert.deepEqual(leases.end("b"), ["k3"]);
  assert.equal(leases.size, 0);
});

Deno.test("Leases.hasRoomFor() has a limit", () => {
  const leases = new Leases();
  assert.ok(leases.hasRoomFor(10_000));
  leases.grant("a", 1_000, 0);
  assert.ok(!leases.hasRoomFor(10_000));
});

Deno.test("Leases.read() reads what write() wrote, and refuses a key with two leases", () => {
  const leases = new Leases();
  leases.grant("b", 1_000, 7);
  leases.grant("a", 2_000, 8);
  leases.bind("k", "b");
  const writer = new ByteWriter();
  leases.write(writer);
  const bytes = writer.take();
  const again = Leases.read(new ByteReader(bytes));
  const second = new ByteWriter();
  again.write(second);
  assert.deepEqual(second.take(), bytes);
  assert.deepEqual(again.end("b"), ["k"]);
  const twice = new ByteWriter();
  twice.list(["a", "b"], (lease, to) => {
    to.string(lease).varint(1).varint(1).list(["k"], (key, into) => into.string(key));
  });
  assert.throws(() => Leases.read(new ByteReader(twice.take())), DecodeError);
});
