/**
 * One slot's agreement, one test for each sentence of weak-MVC.
 *
 * @module
 */
import assert from "node:assert/strict";
import type { Bit, SlotMessage, Value, Vote } from "../../protocol/consensus/message.ts";
import { WeakMvc } from "./weak_mvc.ts";

const names = ["a", "b", "c", "d", "e"];
const make = (members: number, coin: Bit = 0) =>
  new WeakMvc({ slot: 0, self: "a", members: names.slice(0, members), coin: () => coin });
const proposal = (value: Value): SlotMessage => ({ type: "proposal", slot: 0, value });
const state = (phase: number, bit: Bit, value?: Value): SlotMessage => ({
  type: "state",
  slot: 0,
  phase,
  bit,
  value,
});
const vote = (phase: number, vote: Vote, value?: Value): SlotMessage => ({
  type: "vote",
  slot: 0,
  phase,
  vote,
  value,
});

/** Lets node a send what it can, and count it. */
function send(mvc: WeakMvc, message = mvc.next(false)): SlotMessage[] {
  const sent: SlotMessage[] = [];
  for (let next = message; next !== undefined; next = mvc.next(false)) {
    mvc.receive("a", next);
    mvc.confirm(next);
    sent.push(next);
  }
  return sent;
}

/** Opens the slot at node a. */
const open = (mvc: WeakMvc, value: Value) => send(mvc, mvc.open(value));

Deno.test("WeakMvc votes 1 for the value that a majority proposed", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("x"));
  assert.deepEqual(send(mvc), [vote(0, 1, "x")]);
});

Deno.test("WeakMvc votes ? when a quorum proposed different values", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  assert.deepEqual(send(mvc), [vote(0, 2)]);
});

Deno.test("WeakMvc.next() waits for another proposal if that may give a majority", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  assert.equal(mvc.next(true), undefined);
  mvc.receive("c", proposal("x"));
  assert.deepEqual(mvc.next(true), vote(0, 1, "x"));
});

Deno.test("WeakMvc decides 1 by f + 1 votes", () => {
  const mvc = make(5);
  open(mvc, "x");
  for (const from of ["b", "c"]) mvc.receive(from, vote(0, 1, "x"));
  assert.equal(mvc.decision, undefined);
  mvc.receive("d", vote(0, 1, "x"));
  assert.equal(mvc.decision, "x");
});

Deno.test("WeakMvc never decides by n - f equal proposals, only by all but f of a majority", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("x"));
  assert.equal(mvc.decision, undefined);
  const five = make(5);
  open(five, "x");
  for (const from of ["b", "c", "d"]) five.receive(from, proposal("x"));
  assert.equal(five.decision, undefined);
  five.receive("e", proposal("x"));
  assert.equal(five.decision, "x");
});

Deno.test("WeakMvc takes state 1 after one vote for it, and names the value", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  send(mvc);
  mvc.receive("c", vote(0, 1, "y"));
  assert.deepEqual(send(mvc), [state(1, 1, "y")]);
});

Deno.test("WeakMvc takes state 0 after the proposals without any vote, whatever the coin", () => {
  const mvc = make(3, 1);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  send(mvc);
  mvc.receive("b", vote(0, 2));
  assert.deepEqual(send(mvc), [state(1, 0)]);
});

Deno.test("WeakMvc adopts the coin when it sees no vote, and does not decide it", () => {
  const mvc = make(3, 1);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  send(mvc);
  mvc.receive("b", vote(0, 2));
  send(mvc);
  mvc.receive("c", state(1, 1, "y"));
  assert.deepEqual(send(mvc), [vote(1, 2, "y")]);
  mvc.receive("c", vote(1, 2, "y"));
  assert.deepEqual(send(mvc), [state(2, 1, "y")]);
  assert.equal(mvc.decision, undefined);
});

Deno.test("WeakMvc votes for the bit of a majority of states, and decides nothing by 0", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.receive("b", proposal("y"));
  send(mvc);
  mvc.receive("b", vote(0, 2));
  send(mvc);
  mvc.receive("b", state(1, 0));
  assert.deepEqual(send(mvc), [vote(1, 0)]);
  mvc.receive("b", vote(1, 0));
  assert.equal(mvc.decision, "");
});

Deno.test("WeakMvc decides by votes that it hears without taking part", () => {
  const mvc = make(3);
  for (const from of ["b", "c"]) mvc.receive(from, vote(0, 1, "x"));
  assert.equal(mvc.decision, "x");
  assert.ok(!mvc.isOpen);
});

Deno.test("WeakMvc sends nothing more once it has decided", () => {
  const mvc = make(3);
  open(mvc, "x");
  mvc.decide("x");
  mvc.receive("b", proposal("x"));
  assert.equal(mvc.next(false), undefined);
});

Deno.test("WeakMvc counts an own vote for a decision only once it is durable", () => {
  const mvc = make(3);
  const own = mvc.open("x");
  mvc.receive("a", own);
  mvc.confirm(own);
  mvc.receive("b", proposal("x"));
  const first = mvc.next(false);
  assert.deepEqual(first, vote(0, 1, "x"));
  mvc.receive("a", vote(0, 1, "x"));
  mvc.receive("b", vote(0, 1, "x"));
  assert.equal(mvc.decision, undefined);
  assert.equal(mvc.next(false), undefined, "It does not leave the phase either");
  mvc.confirm(vote(0, 1, "x"));
  assert.equal(mvc.decision, "x");
});

Deno.test("WeakMvc.receive() takes the first message of a sender, type and phase", () => {
  const mvc = make(3);
  assert.equal(mvc.receive("b", vote(1, 1, "x")), "new");
  assert.equal(mvc.receive("b", vote(1, 1, "x")), "same");
  assert.equal(mvc.receive("b", vote(1, 2, "x")), "conflict");
  assert.equal(mvc.receive("b", vote(2, 2, "x")), "new");
  assert.equal(mvc.receive("z", vote(1, 1, "x")), "conflict");
  mvc.receive("b", vote(1, 1, "x"));
  assert.equal(mvc.decision, undefined, "One sender is no quorum");
});

Deno.test("WeakMvc.favourite is the proposal with the most support, of two the earlier", () => {
  const mvc = make(5);
  assert.equal(mvc.favourite, undefined);
  mvc.receive("b", proposal("x"));
  mvc.receive("c", proposal("y"));
  assert.deepEqual(mvc.favourite, { from: "b", value: "x" });
  mvc.receive("d", proposal("y"));
  assert.deepEqual(mvc.favourite, { from: "c", value: "y" });
});

Deno.test("WeakMvc.resume() goes on where the messages sent before ended", () => {
  const mvc = make(3);
  mvc.resume([proposal("x"), vote(0, 2), state(1, 1, "y")]);
  assert.ok(mvc.isOpen);
  mvc.receive("b", state(1, 1, "y"));
  assert.deepEqual(send(mvc), [vote(1, 1, "y")]);
});

Deno.test("WeakMvc with one member decides by itself", () => {
  const mvc = make(1);
  open(mvc, "x");
  assert.equal(mvc.decision, "x");
});

Deno.test("WeakMvc.decide() refuses a second value", () => {
  const mvc = make(3);
  mvc.decide("x");
  assert.throws(() => mvc.decide("y"), /decided twice/);
});

Deno.test("WeakMvc.isUnanimous until a proposal differs or the node goes on", () => {
  const mvc = make(3);
  assert.equal(mvc.isUnanimous, false, "Not open yet");
  mvc.receive("a", mvc.open("x"));
  assert.equal(mvc.isUnanimous, true);
  mvc.receive("b", proposal("x"));
  assert.equal(mvc.isUnanimous, true);
  mvc.next(false);
  assert.equal(mvc.isUnanimous, false, "It has voted");
  const other = make(3);
  other.receive("a", other.open("x"));
  other.receive("b", proposal("y"));
  assert.equal(other.isUnanimous, false);
});
