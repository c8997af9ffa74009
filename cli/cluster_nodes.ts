/**
 * The nodes of a cluster as the rows of a table.
 *
 * @module
 */
import type { RowResponse } from "../src/protocol/api/row.ts";
import type { ApiTable } from "../src/protocol/api/table.ts";
import type { Cell } from "./output/table.ts";
import { toneOfState } from "./output/style.ts";

type Node = RowResponse<ApiTable["clusterStatus"]>["nodes"][number];

/** Titles of the columns of {@link nodeRows}. */
export const nodeTitles = ["ID", "ROLE", "STATE", "ALIVE", "SLOTS BEHIND", "ADDRESS", "VERSION"];

/** One row for each node. */
export function nodeRows(nodes: readonly Node[]): Cell[][] {
  return nodes.map((node): Cell[] => [
    node.id + (node.self ? " *" : ""),
    node.leader ? "leader" : node.role,
    { text: node.state, tone: toneOfState(node.state) },
    node.alive ? { text: "yes", tone: "good" } : { text: "no", tone: "bad" },
    node.slotsBehind ?? "unknown",
    node.address,
    node.version,
  ]);
}

/** The names in a text such as `n4,n5`. */
export function nodeList(text: string): string[] {
  return text.split(",").map((name) => name.trim()).filter((name) => name !== "");
}
