/**
 * The command `aether dht status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../../src/base/byte_size.ts";
import { defineCommand } from "../../command.ts";

/** How the DHT is doing. */
export const command = defineCommand({
  path: ["dht", "status"],
  summary: "Show who holds what, and how replication is doing",
  examples: [{ line: "aether dht status", summary: "All nodes" }],
  async run({ context }) {
    const body = await (await context.client()).call("dhtStatus");
    await context.show(body, () => {
      const share = new Map(body.shares.map(({ node, partitions }) => [node, partitions]));
      const rows = body.nodes.map((node) => {
        const sum = (of: "entries" | "damaged" | "bytes") =>
          node.scopes.reduce((total, scope) => total + scope[of], 0);
        return [
          node.node,
          share.get(node.node) ?? 0,
          sum("entries"),
          formatByteSize(sum("bytes")),
          sum("damaged"),
          node.syncs.running + node.syncs.waiting,
          node.transition.left,
          node.fetched,
        ];
      });
      const change = body.isOpen
        ? `Members are changing to ${body.next.map(({ node }) => node).join(", ")}\n`
        : "";
      const silent = body.silent.length === 0 ? "" : `Silent: ${body.silent.join(", ")}\n`;
      return context.table(
        ["NODE", "PARTITIONS", "ENTRIES", "BYTES", "DAMAGED", "SYNCS", "TO FETCH", "FETCHED"],
        rows,
      ) + change + silent;
    });
  },
});
