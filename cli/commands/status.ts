/**
 * The command `aether status`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { formatByteSize } from "../../src/base/byte_size.ts";
import { formatDuration } from "../../src/base/duration.ts";
import { defineCommand } from "../command.ts";

/** What the connected node is and does. */
export const command = defineCommand({
  path: ["status"],
  summary: "Show what a node is and does",
  examples: [
    { line: "aether status", summary: "The node on this machine" },
    { line: "aether status --connect 192.0.2.11:8080 -o json", summary: "Another node, as JSON" },
  ],
  async run({ context }) {
    const status = await (await context.client()).call("status");
    const { instances, addresses } = status;
    const failed = instances.failed > 0 ? `, ${instances.failed} failed` : "";
    await context.show(status, () =>
      context.fields([
        ["node", status.node],
        ["version", `${status.version} (${status.form})`],
        ["up for", formatDuration(Math.max(0, Math.floor(status.uptimeMs / 1000) * 1000))],
        ["leader", status.leader ?? { text: "none", tone: "warn" }],
        [
          "store",
          `revision ${status.revision}, ${formatByteSize(status.storeBytes)}, ` +
          (status.durable ? "on disk" : "in memory"),
        ],
        ["blueprints", status.blueprints],
        ["slices", status.slices],
        ["instances", {
          text: `${instances.active} of ${instances.total} active${failed}`,
          tone: instances.failed > 0 ? "bad" : "plain",
        }],
        ["management", addresses.management],
        ["app", addresses.app],
        ["cluster", addresses.cluster],
      ]));
  },
});
