import fc from "fast-check";
import type { ConsensusRecord, Message } from "../consensus/message.ts";
import { type PeerFrame, refusalCodes } from "./frame.ts";
import { type Hello, nodeStages } from "./hello.ts";

/** Plain objects, as a reader makes them. */
function record<T>(model: { [K in keyof T]: fc.Arbitrary<T[K]> }): fc.Arbitrary<T> {
  return fc.record(model, { noNullPrototype: true }) as fc.Arbitrary<T>;
}

const slot = fc.oneof(fc.nat(300), fc.nat({ max: 2 ** 31 - 1 }), fc.constant(2 ** 52));
const id = fc.string({ unit: fc.constantFrom(..."abcn1-_."), minLength: 1, maxLength: 20 });
const bytes = fc.uint8Array({ maxLength: 200 });
const digest = fc.tuple(id, fc.stringMatching(/^[0-9a-f]{32}$/)).map(([node, hash]) =>
  `${node}/${hash}`
);
const value = fc.array(digest, { maxLength: 4 }).map((digests) => digests.join(" "));
const known = fc.option(value, { nil: undefined });
const phase = fc.nat(20);
/** -1 stands for nothing. */
const highest = fc.oneof(fc.constant(-1), slot);
const batch = record({ digest, payload: bytes });

/** Any slot message. */
const slotMessage = fc.oneof(
  record({ type: fc.constant("proposal" as const), slot, value }),
  record({
    type: fc.constant("state" as const),
    slot,
    phase,
    bit: fc.constantFrom(0 as const, 1 as const),
    value: known,
  }),
  record({
    type: fc.constant("vote" as const),
    slot,
    phase,
    vote: fc.constantFrom(0 as const, 1 as const, 2 as const),
    value: known,
  }),
);

/** Any message of the consensus engine. */
export const anyMessage: fc.Arbitrary<Message> = fc.oneof(
  slotMessage,
  record({ type: fc.constant("suggestion" as const), slot, value }),
  record({ type: fc.constant("batch" as const), digest, payload: bytes }),
  record({ type: fc.constant("get" as const), digest }),
  record({ type: fc.constant("decision" as const), slot, value }),
  record({ type: fc.constant("fetch" as const), from: slot }),
  record({
    type: fc.constant("entries" as const),
    entries: fc.array(record({ slot, batches: fc.array(batch, { maxLength: 3 }) }), {
      maxLength: 3,
    }),
  }),
  record({ type: fc.constant("compacted" as const), logStart: slot }),
  record({ type: fc.constant("rejoinAsk" as const), nonce: id, fillUpTo: highest }),
  record({ type: fc.constant("rejoinTell" as const), nonce: id, maxOpened: highest }),
  record({ type: fc.constant("barrierAsk" as const), id: slot }),
  record({ type: fc.constant("barrierTell" as const), id: slot, maxOpened: highest }),
);

/** Any record. */
export const anyRecord: fc.Arbitrary<ConsensusRecord> = fc.oneof(
  record({ type: fc.constant("batch" as const), digest, payload: bytes }),
  record({ type: fc.constant("sent" as const), message: slotMessage }),
  record({ type: fc.constant("decided" as const), slot, value }),
);

const address = record({ id, address: fc.string({ maxLength: 30 }) });

/** Any greeting. */
export const anyHello: fc.Arbitrary<Hello> = record({
  node: id,
  address: fc.string({ maxLength: 30 }),
  stage: fc.constantFrom(...nodeStages),
  bootNonce: id,
  cluster: fc.oneof(fc.constant(""), id),
  founders: fc.array(address, { maxLength: 5 }),
  founderNonces: fc.array(id, { maxLength: 5 }),
});

const header = record({ decidedUpTo: highest, resent: fc.boolean() });

/** Any frame. */
export const anyFrame: fc.Arbitrary<PeerFrame> = fc.oneof(
  record({ kind: fc.constant("hello" as const), hello: anyHello }),
  record({
    kind: fc.constant("heartbeat" as const),
    header,
    unreachable: fc.array(id, { maxLength: 5 }),
    down: fc.array(id, { maxLength: 5 }),
  }),
  record({ kind: fc.constant("consensus" as const), header, message: anyMessage }),
  record({
    kind: fc.constant("ask" as const),
    id: slot,
    topic: fc.string({ maxLength: 20 }),
    body: bytes,
  }),
  record({
    kind: fc.constant("answer" as const),
    id: slot,
    ok: fc.boolean(),
    isLast: fc.boolean(),
    offset: slot,
    bytes,
  }),
  record({
    kind: fc.constant("refusal" as const),
    reason: fc.string({ maxLength: 100 }),
    code: fc.constantFrom(...refusalCodes),
  }),
);
