/**
 * The two slices of the benchmark of calls: one echoes, the other calls it in a loop.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { join } from "node:path";

const contractText = `import { contract, method, z } from "aether";
const data = z.object({ data: z.string() });
export const echo = contract("org.example:bench-echo", {
  echo: method({ input: data, output: data, idempotent: true }),
});
`;

const echoText = `import { slice } from "aether";
import { echo } from "./contract.ts";
export default slice(echo, { create: () => ({ echo: ({ data }) => ({ data }) }) });
`;

const callerText = `import { contract, method, slice, z } from "aether";
import { echo } from "./contract.ts";
import { closedLoop } from "./loop.ts";
const caller = contract("org.example:bench-caller", {
  run: method({
    input: z.object({ bytes: z.number(), inFlight: z.number(), durationMs: z.number() }),
    output: z.object({
      calls: z.number(),
      failed: z.number(),
      seconds: z.number(),
      p50Us: z.number(),
      p99Us: z.number(),
    }),
    http: "POST /bench",
  }),
});
export default slice(caller, {
  needs: { echo },
  create: ({ echo }) => ({
    run: async ({ bytes, inFlight, durationMs }) => {
      const data = "x".repeat(bytes);
      return { ...await closedLoop(() => echo.echo({ data }), inFlight, durationMs) };
    },
  }),
});
`;

/** Writes the folders of the two slices and answers their paths, what is called first. */
export async function writeBenchSlices(folder: string): Promise<[echo: string, caller: string]> {
  const here = fileURLToPath(new URL(".", import.meta.url));
  const echo = join(folder, "bench-echo");
  const caller = join(folder, "bench-caller");
  const limits = "[limits]\nconcurrency = 1000\n";
  for (const [path, name, text] of [[echo, "echo", echoText], [caller, "caller", callerText]]) {
    if (path === undefined || text === undefined) continue;
    await Deno.mkdir(path);
    const needs = name === "caller" ? '[dependencies]\n"org.example:bench-echo" = "^1.0.0"\n' : "";
    const toml = `artifact = "org.example:bench-${name}:1.0.0"\n${limits}${needs}`;
    await Deno.writeTextFile(join(path, "slice.toml"), toml);
    await Deno.writeTextFile(join(path, "contract.ts"), contractText);
    await Deno.writeTextFile(join(path, "mod.ts"), text);
  }
  await Deno.copyFile(join(here, "loop.ts"), join(caller, "loop.ts"));
  return [echo, caller];
}
