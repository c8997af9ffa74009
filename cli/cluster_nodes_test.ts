import assert from "node:assert/strict";
import { nodeList, nodeRows } from "./cluster_nodes.ts";

Deno.test("nodeRows() shows who leads, who answers and how far each is", () => {
  const node = {
    id: "n1",
    role: "voter" as const,
    state: "ON_DUTY",
    leader: true,
    self: true,
    alive: true,
    address: "h1:1",
    slotsBehind: 0,
    version: "1",
  };
  const other = { ...node, id: "n2", leader: false, self: false, alive: false, slotsBehind: null };
  assert.deepEqual(nodeRows([node, other]), [
    ["n1 *", "leader", { text: "ON_DUTY", tone: "good" }, { text: "yes", tone: "good" }, 0, "h1:1"]
      .concat("1"),
    ["n2", "voter", { text: "ON_DUTY", tone: "good" }, { text: "no", tone: "bad" }, "unknown"]
      .concat("h1:1", "1"),
  ]);
});

Deno.test("nodeList() takes names between commas", () => {
  assert.deepEqual(nodeList("n4, n5,"), ["n4", "n5"]);
});
