import assert from "node:assert/strict";
import { AetherError } from "../../base/errors.ts";
import { MemoryStore, reportInstance } from "../control/store_fixture_test.ts";
import { explain } from "./explain.ts";

const echo = "org.example:echo:1.0.0";
const target = { artifact: echo, wanted: 2, active: 0, waitingFor: [], candidates: [], notes: [] };

Deno.test("explain() joins the decision about a slice with what its instances report", () => {
  const store = new MemoryStore();
  const reason = "Boom";
  reportInstance(store, { artifact: echo, node: "n1", state: "FAILED", failures: 1, reason });
  reportInstance(store, { artifact: "org.example:other:1.0.0", node: "n1" });
  const decision = { term: 3, revision: 9, trace: [target] };
  for (const name of [echo, "org.example:echo"]) {
    assert.deepEqual(explain(name, "n2", { decision, state: store.state }), {
      leader: "n2",
      term: 3,
      revision: 9,
      targets: [target],
      instances: [{
        id: `n1/${echo}/1`,
        node: "n1",
        state: "FAILED",
        attempt: 1,
        failures: 1,
        reason,
      }],
    });
  }
  assert.throws(
    () => explain("org.example:echo:2.0.0", "n2", { decision, state: store.state }),
    (error) => error instanceof AetherError && error.name === "SLICE_NOT_APPLIED",
  );
});
