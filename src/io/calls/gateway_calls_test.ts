import assert from "node:assert/strict";
import type {
  InternalCall,
  InternalCallReply,
  InternalCallRequest,
} from "../../protocol/thread/internal_calls.ts";
import { GatewayCalls } from "./gateway_calls.ts";

const call: InternalCall = {
  origin: "topic",
  contract: "org.example:one",
  method: "handle",
  input: "{}",
  timeoutMs: 60_000,
};

Deno.test("GatewayCalls match answers with their calls, whatever the order", async () => {
  const calls = new GatewayCalls();
  const far = calls.connectNew();
  const asked: InternalCallRequest[] = [];
  far.onmessage = ({ data }: MessageEvent<InternalCallRequest[]>) => {
    asked.push(...data);
    if (asked.length < 2) return;
    for (const { id, call: { input } } of asked.reverse()) {
      far.postMessage(
        [{ id, outcome: { kind: "output", output: input } }] satisfies InternalCallReply[],
      );
    }
    // Nobody waits for this one.
    far.postMessage([{ id: 99, outcome: { kind: "output", output: "" } }]);
  };
  const answers = await Promise.all(["1", "2"].map((input) => calls.call({ ...call, input })));
  assert.deepEqual(answers.map((answer) => "output" in answer && answer.output), ["1", "2"]);
  assert.equal(calls.inFlight, 0);
  calls.close();
  far.close();
});

Deno.test("GatewayCalls refuse more calls than may be under way", async () => {
  const calls = new GatewayCalls(1);
  const far = calls.connectNew();
  const waiting = calls.call(call);
  const refused = await calls.call(call);
  assert.ok(refused.kind === "notExecuted" && refused.problem.name === "OVERLOADED");
  calls.close();
  assert.equal((await waiting).kind, "unknown");
  far.close();
});

Deno.test("GatewayCalls give up a call that a gateway never answers", async () => {
  const calls = new GatewayCalls();
  const far = calls.connectNew();
  const outcome = await calls.call({ ...call, timeoutMs: -999 });
  assert.ok(outcome.kind === "unknown" && outcome.problem.name === "DEADLINE_EXCEEDED");
  calls.close();
  far.close();
});

Deno.test("GatewayCalls say that calls of a former gateway may have been done", async () => {
  const calls = new GatewayCalls();
  assert.equal((await calls.call(call)).kind, "notExecuted");
  const former = calls.connectNew();
  const waiting = calls.call(call);
  const next = calls.connectNew();
  assert.equal((await waiting).kind, "unknown");
  calls.close();
  former.close();
  next.close();
});
