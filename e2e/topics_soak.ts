/**
 * `deno task soak topics`: many messages through a cluster whose consumers, nodes and leader are
 * killed; reports duplicates, and fails when a message is lost.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { runTopics } from "./lib/topics_run.ts";
import { inWorld } from "./lib/world.ts";

const usage = `Usage: deno task soak topics [OPTIONS]

  --messages N        How many (100000)
  --durability KIND   synced or replicated (synced)
`;

/** Runs it; resolves to the exit code. */
export async function soakTopics(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      messages: { type: "string", default: "100000" },
      durability: { type: "string", default: "synced" },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    console.log(usage);
    return 0;
  }
  const durability = values.durability === "replicated" ? "replicated" : "synced";
  const messages = Number(values.messages);
  return await inWorld(async (world) => {
    const startMs = performance.now();
    const report = await runTopics(world, {
      messages,
      durability,
      say: (event) => {
        const seconds = Math.round((performance.now() - startMs) / 100) / 10;
        console.log(JSON.stringify({ seconds, ...event }));
      },
    });
    const duplicates = report.handled - report.different;
    const lost = report.lost + report.auditedLost;
    const passed = lost === 0 && report.acknowledged === messages;
    console.log(JSON.stringify({ kind: "topics", durability, ...report, duplicates, passed }));
    return passed;
  });
}
