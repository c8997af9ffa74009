import assert from "node:assert/strict";
import { DecodeError } from "../../base/codec.ts";
import {
  decodePublish,
  decodeReply,
  decodeRequest,
  encodePublish,
  encodeReply,
  encodeRequest,
  type ReplicaReply,
  type ReplicaRequest,
} from "./replica_codec.ts";

const place = { topic: "clicks", partition: 3 };
const entries = [
  { offset: 7, epoch: 2, timeMs: 1.5, key: "k", value: Uint8Array.of(1, 2) },
  { offset: 8, epoch: 2, timeMs: 0, key: undefined, value: undefined },
  { offset: 9, epoch: 3, timeMs: 2, key: undefined, value: new Uint8Array() },
];
const requests: readonly ReplicaRequest[] = [
  { kind: "recover", epoch: 3 },
  { kind: "fetch", epoch: 3, from: 4, formerEpoch: 2 },
  { kind: "append", epoch: 3, from: 7, formerEpoch: 2, commit: 7, first: 1, entries },
];
const replies: readonly ReplicaReply[] = [
  { kind: "stale", epoch: 4 },
  { kind: "state", isBlank: true, end: 7, lastEpoch: 2 },
  { kind: "entries", first: 2, entries },
  { kind: "mismatch", end: 5 },
  { kind: "kept", end: 10 },
];

Deno.test("requests and replies of replicas come out as they went in", () => {
  for (const request of requests) {
    assert.deepEqual(decodeRequest(encodeRequest(place, request)), { place, request });
  }
  for (const reply of replies) assert.deepEqual(decodeReply(encodeReply(reply)), reply);
  const messages = [{ key: "a", value: Uint8Array.of(1) }, {
    key: undefined,
    value: Uint8Array.of(),
  }];
  assert.deepEqual(decodePublish(encodePublish(place, messages)), { place, messages });
});

Deno.test("truncated requests and replies are refused", () => {
  for (const request of requests) {
    const bytes = encodeRequest(place, request);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeRequest(bytes.subarray(0, length)), DecodeError);
    }
  }
  for (const reply of replies) {
    const bytes = encodeReply(reply);
    for (let length = 0; length < bytes.length; length++) {
      assert.throws(() => decodeReply(bytes.subarray(0, length)), DecodeError);
    }
  }
});
