/**
 * The program `aether`: gives the command line the process around it, and ends with its exit code.
 *
 * Only this module reads `Deno.args`, sets up signals for commands and exits. Threads of a node
 * have main modules of their own, see `src/io/entry.ts`; the host of a slice process is started
 * here, before anything of the command line is loaded.
 *
 * @module
 */
import { sliceHostWord } from "./src/io/entry.ts";

if (Deno.args[0] === sliceHostWord) {
  const { runSliceHost } = await import("./src/sandbox/process/host.ts");
  await runSliceHost();
} else Deno.exit(await runProgram());

async function runProgram(): Promise<number> {
  const { processIo } = await import("./cli/io.ts");
  const { runCli } = await import("./cli/run.ts");
  const env = Deno.env.toObject();
  // Children and slices have no business with the operator's key.
  Deno.env.delete("AETHER_TOKEN");
  let interruption: AbortController | undefined;
  return await runCli(Deno.args, {
    io: processIo(),
    env,
    interrupted() {
      if (interruption !== undefined) return interruption.signal;
      const controller = interruption = new AbortController();
      for (const signal of ["SIGINT", "SIGTERM"] as const) {
        Deno.addSignalListener(signal, () => controller.abort());
      }
      // Without a terminal there is nobody left to see the output.
      if (Deno.build.os !== "windows") Deno.addSignalListener("SIGHUP", () => controller.abort());
      return controller.signal;
    },
  });
}
