import assert from "node:assert/strict";
import { Circuit } from "./circuit.ts";

const limits = { failures: 3, openMs: 1_000, openMaxMs: 3_000 };

/** A circuit after so many failures at time 0; without jitter it is open for exactly openMs. */
function failing(count: number): Circuit {
  const circuit = new Circuit(limits);
  for (let index = 0; index < count; index++) circuit.failed(0, 0.5);
  return circuit;
}

Deno.test("Circuit opens after failures in a row, and a success starts the count again", () => {
  const circuit = failing(2);
  assert.equal(circuit.stateAt(0), "closed");
  assert.equal(circuit.isPristine, false);
  circuit.succeeded();
  assert.ok(circuit.isPristine);
  circuit.failed(0, 0.5);
  assert.equal(circuit.stateAt(0), "closed");
  circuit.failed(0, 0.5);
  circuit.failed(0, 0.5);
  assert.equal(circuit.stateAt(0), "open");
});

Deno.test("Circuit lets one trial pass after its time, which closes it when it succeeds", () => {
  const circuit = failing(3);
  assert.equal(circuit.stateAt(999), "open");
  assert.equal(circuit.stateAt(1_000), "trial");
  circuit.started(1_000);
  assert.equal(circuit.stateAt(1_001), "open", "a second one waits for the first");
  circuit.succeeded();
  assert.equal(circuit.stateAt(1_001), "closed");
});

Deno.test("Circuit stays open for twice the time after a failed trial, up to its maximum", () => {
  const circuit = failing(3);
  let nowMs = 0;
  for (const lastsMs of [1_000, 2_000, 3_000, 3_000]) {
    assert.equal(circuit.stateAt(nowMs + lastsMs - 1), "open");
    nowMs += lastsMs;
    circuit.started(nowMs);
    circuit.failed(nowMs, 0.5);
  }
});

Deno.test("Circuit is not held open by calls that were under way when it opened", () => {
  const circuit = failing(3);
  circuit.failed(900, 0.5);
  assert.equal(circuit.stateAt(1_000), "trial");
});

Deno.test("Circuit takes a trial that says nothing back", () => {
  const circuit = failing(3);
  circuit.started(1_000);
  circuit.ended();
  assert.equal(circuit.stateAt(1_000), "trial");
});

Deno.test("Circuit spreads the trials of circuits that opened together", () => {
  const [early, late] = [0, 1].map((jitter) => {
    const circuit = new Circuit({ ...limits, failures: 1 });
    circuit.failed(0, jitter);
    return circuit;
  });
  assert.equal(early?.stateAt(750), "trial");
  assert.equal(late?.stateAt(1_249), "open");
  assert.equal(late?.stateAt(1_250), "trial");
});
