/**
 * The command `aether cluster recover`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";

/** Makes a new cluster of what a node has. */
export const command = defineCommand({
  path: ["cluster", "recover"],
  summary: "Make a new cluster from one data directory, when the majority is lost for good",
  description: "Works without a node, on the data directory of one that is stopped; take the one " +
    "with the greatest slot. Without --force it only shows what would come of it. The new " +
    "cluster has one voter, all data of the directory, and an id of its own: nodes of the former " +
    "cluster are refused. What only the lost nodes had is lost. Add new nodes with " +
    "`aether cluster add`, and promote them",
  options: {
    dataDir: { value: "DIR", summary: "Data directory of the stopped node" },
    force: { summary: "Do it" },
  },
  examples: [
    { line: "aether cluster recover --data-dir data", summary: "What would come of it" },
    { line: "aether cluster recover --data-dir data --force", summary: "Do it" },
  ],
  exitCodes: { 5: "There is nothing to recover, or the node still runs" },
  async run({ options, context }) {
    const { dataDir, force } = options;
    if (dataDir === undefined) {
      throw new AetherError("USAGE", "--data-dir is missing; name the folder of the stopped node");
    }
    const { FileStorage } = await import("../../../src/io/file_storage.ts");
    const { recoverForced } = await import(
      "../../../src/node/cluster/snapshots/forced_recovery.ts"
    );
    // Opened for writing it would be made.
    await Deno.stat(dataDir).catch(() => {
      throw new AetherError("RECOVERY_REFUSED", `There is no folder "${dataDir}"`);
    });
    const storage = await FileStorage.open(dataDir);
    try {
      const recovery = await recoverForced({
        storage,
        nonce: crypto.randomUUID(),
        isDryRun: !force,
      });
      await context.show({ ...recovery, done: force }, () =>
        context.fields([
          ["node", recovery.node],
          ["former cluster", recovery.formerCluster],
          ["former voters", recovery.formerVoters.join(", ")],
          ["new cluster", force ? recovery.cluster : "not made: use --force"],
          ["revision", recovery.revision],
          ["slot", recovery.slot],
          ["undecided slots kept", recovery.undecidedKept],
          ["slots missing", recovery.missing],
        ]) + (force ? `Start it with --data-dir ${dataDir} --node-id ${recovery.node}\n` : ""));
    } finally {
      await storage.close();
    }
  },
});
