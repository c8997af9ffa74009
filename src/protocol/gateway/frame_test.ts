import assert from "node:assert/strict";
import fc from "fast-check";
import { ByteWriter, DecodeError } from "../../base/codec.ts";
import { decodeGatewayFrame, encodeGatewayFrame, type GatewayFrame } from "./frame.ts";

const writer = new ByteWriter();
const call: GatewayFrame = {
  kind: "call",
  id: 7,
  artifact: "org.example:echo:1.0.0",
  method: "get",
  requestId: "r-1",
  remainingMs: 1_500,
  pathParameters: "a/b",
  query: "x=1",
  body: '{"ä":1}',
  meta: "",
};
const samples: readonly GatewayFrame[] = [
  { kind: "hello", cluster: "c1", node: "n1" },
  call,
  { ...call, pathParameters: null, body: null },
  { ...call, body: Uint8Array.of(0, 255) },
  { ...call, affinity: "user-1" },
  { ...call, body: null, hasStream: true },
  { kind: "answer", id: 9, answer: "stream", status: 200, body: "text/csv" },
  { kind: "data", id: 7, message: "text" },
  { kind: "data", id: 7, message: Uint8Array.of(1, 2) },
  { kind: "end", id: 7, code: 1001, reason: "away" },
  { kind: "credit", id: 7, cost: 65_536 },
  { kind: "ping" },
  { kind: "pong" },
  { kind: "answer", id: 7, answer: "output", status: 201, body: "{}" },
  { kind: "answer", id: 7, answer: "output", status: 201, body: "{}", head: '{"headers":[]}' },
  { kind: "answer", id: 8, answer: "notHosted", status: 0, body: "" },
  { kind: "abort", id: 9 },
];

function encode(frame: GatewayFrame): Uint8Array {
  return encodeGatewayFrame(frame, writer).slice();
}

Deno.test("decodeGatewayFrame() reads what encodeGatewayFrame() wrote", () => {
  for (const frame of samples) assert.deepEqual(decodeGatewayFrame(encode(frame)), frame);
});

Deno.test("encodeGatewayFrame() rounds the time that is left down, never below zero", () => {
  for (const [given, read] of [[1.9, 1], [-5, 0]] as const) {
    const frame = decodeGatewayFrame(encode({ ...call, remainingMs: given }));
    assert.equal(frame.kind === "call" && frame.remainingMs, read);
  }
});

Deno.test("decodeGatewayFrame() throws nothing but DecodeError on changed bytes", () => {
  const bytes = samples.map(encode);
  fc.assert(
    fc.property(
      fc.nat(bytes.length - 1),
      fc.nat(),
      fc.nat(255),
      fc.nat(40),
      (i, at, value, cut) => {
        const changed = bytes[i]?.slice() ?? new Uint8Array();
        changed[at % changed.length] = value;
        try {
          decodeGatewayFrame(changed.subarray(0, Math.max(0, changed.length - cut)));
        } catch (error) {
          assert.ok(error instanceof DecodeError, String(error));
        }
      },
    ),
    { seed: 1, numRuns: 20_000 },
  );
});
