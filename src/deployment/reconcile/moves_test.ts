import assert from "node:assert/strict";
import type { InstanceState } from "../../protocol/instance_state.ts";
import type { Instance } from "../targets.ts";
import { Moves } from "./moves.ts";

function at(node: string, n: number, state: InstanceState = "ACTIVE"): Instance {
  return { id: `${node}/${n}`, artifact: "org.shop:echo:1.0.0", node, n, state, attempt: 1 };
}

Deno.test("Moves gives one instance of each draining node away, unless one is on its way", () => {
  const nodes = [
    { id: "n1", lifecycle: "DRAINING" },
    { id: "n2", lifecycle: "DRAINING" },
    { id: "n3", lifecycle: "ON_DUTY" },
  ] as const;
  const active = [at("n1", 1), at("n1", 2), at("n2", 1), at("n3", 1)];
  const moves = new Moves(nodes, [...active, at("n2", 2, "UNLOADING")]);
  assert.deepEqual(moves.candidates(active).map(({ id }) => id), ["n1/2"]);
  moves.take("n1");
  assert.deepEqual(moves.candidates(active), []);
});
