/**
 * `deno task soak artifacts`: many uploads at once, of which a node dies in the middle; fails when
 * a file is there in part, or an acknowledged one is not. Its line has the memory of each node.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runUploads } from "./lib/artifacts_run.ts";
import { inWorld } from "./lib/world.ts";

const usage = `Usage: deno task soak artifacts [OPTIONS]

  --megabytes N   How much in all (1000)
  --clients N     How many upload at once (8)
  --nodes N       Nodes of the cluster (5)
`;
const fileBytes = 10_000_000;

/** Runs it; resolves to the exit code. */
export async function soakArtifacts(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      megabytes: { type: "string", default: "1000" },
      clients: { type: "string", default: "8" },
      nodes: { type: "string", default: "5" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const clients = Number(values.clients);
  const filesPerClient = Math.ceil(Number(values.megabytes) * 1e6 / fileBytes / clients);
  return await inWorld(async (world) => {
    const options = { nodes: Number(values.nodes), clients, filesPerClient, fileBytes };
    const report = await runUploads(world, options);
    console.log(JSON.stringify({ kind: "artifacts", ...options, ...report, passed: true }));
    return true;
  });
}
