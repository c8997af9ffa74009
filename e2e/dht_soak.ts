/**
 * `deno task soak dht`: keys of the DHT under continuous writes while random nodes are killed and
 * started again; fails when an acknowledged one is missing or different.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runDht } from "./lib/dht_run.ts";
import { inWorld } from "./lib/world.ts";

const usage = `Usage: deno task soak dht [OPTIONS]

  --files N    Small files to write, two keys each (10000)
  --kills N    Times that a random node is killed and started again (20)
  --nodes N    Nodes of the cluster (5)
  --seed SEED  Nodes of a former run
`;

/** Runs it; resolves to the exit code. */
export async function soakDht(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      files: { type: "string", default: "10000" },
      kills: { type: "string", default: "20" },
      nodes: { type: "string", default: "5" },
      seed: { type: "string", default: String(Date.now()) },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  return await inWorld(async (world) => {
    const [files, kills, nodes] = [values.files, values.kills, values.nodes].map(Number);
    const options = { files: files ?? 0, kills: kills ?? 0, nodes: nodes ?? 0, seed: values.seed };
    const say = (event: unknown) => console.log(JSON.stringify(event));
    const report = await runDht(world, { ...options, say });
    const passed = report.lost.length === 0 && report.wrong.length === 0 &&
      report.acknowledged === options.files;
    say({ kind: "dht", ...options, ...report, passed });
    return passed;
  });
}
