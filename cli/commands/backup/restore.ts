/**
 * The command `aether backup restore`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { findBackup } from "../../backup_place.ts";
import { defineCommand } from "../../command.ts";

const peerPattern = /^([a-z0-9][a-z0-9-]{0,62}):(.+:\d{1,5})$/;

/** Makes a data directory from a backup. */
export const command = defineCommand({
  path: ["backup", "restore"],
  summary: "Make a data directory from a backup, for a node of a new cluster",
  description: "Works without a node, into an empty folder. The cluster gets a new id, so nodes " +
    "of the former one are refused, and revisions go on far above the former ones. For several " +
    "nodes run it once for each with the same --peers, and from the second on with the " +
    "--restore-id that the first one printed. What was written after the backup is lost",
  arguments: { backup: { summary: "File of the manifest; or an id, with --config" } },
  options: {
    dataDir: { value: "DIR", summary: "Folder of the node, which must be empty or missing" },
    nodeId: { value: "ID", summary: "Name of the node (node-1)" },
    peers: { value: "LIST", summary: "All nodes of the new cluster, id:host:port,..." },
    restoreId: { value: "TEXT", summary: "Names this restore; random unless given" },
    config: { value: "FILE", summary: "An aether.toml whose [backup] says where the backup is" },
  },
  examples: [
    {
      line: "aether backup restore b/20260829t101500z-1f0c2a9b.manifest.json --data-dir data",
      summary: "One node; then: aether node start --data-dir data",
    },
    {
      line: "aether backup restore 20260829t101500z-1f0c2a9b --config n1.toml --data-dir data",
      summary: "From an S3-compatible store",
    },
  ],
  exitCodes: { 3: "There is no such backup", 5: "The folder is not empty" },
  async run({ args, options, context }) {
    const { dataDir, nodeId = "node-1", restoreId = crypto.randomUUID() } = options;
    if (dataDir === undefined) throw usage("--data-dir is missing; name the folder of the node");
    const founders = foundersOf(options.peers, nodeId);
    if (options.peers !== undefined && !founders.some(({ id }) => id === nodeId)) {
      throw usage(`Node ${nodeId} is not among --peers; add it, or correct --node-id`);
    }
    const place = await findBackup(context, args.backup, options.config);
    const { restoreBackup } = await import("../../../src/node/backup/restore.ts");
    const { cluster, revision, artifacts } = await restoreBackup({
      ...place,
      dataDir,
      node: nodeId,
      founders,
      restoreId,
    });
    await context.show(
      { cluster, revision, artifacts, node: nodeId, restoreId },
      () =>
        `Node ${nodeId} of the new cluster ${cluster}: revision ${revision}, ` +
        `${artifacts} artifacts\nStart it with --data-dir ${dataDir} --node-id ${nodeId}\n` +
        (options.peers === undefined ? "" : `Restore id for the other nodes: ${restoreId}\n`),
    );
  },
});

function foundersOf(peers: string | undefined, nodeId: string) {
  // A node that is alone learns its address when it starts.
  if (peers === undefined) return [{ id: nodeId, address: "" }];
  return peers.split(",").map((text) => {
    const [, id, address] = peerPattern.exec(text.trim()) ?? [];
    if (id !== undefined && address !== undefined) return { id, address };
    throw usage(`"${text}" in --peers is not id:host:port`);
  }).sort((a, b) => a.id < b.id ? -1 : 1);
}

function usage(message: string): AetherError {
  return new AetherError("USAGE", message);
}
