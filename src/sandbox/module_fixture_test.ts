import { sdkGlobalName } from "../sdk/global_name.ts";

/** A module as the bundler makes it: one file that finds the SDK in a global. */
export function moduleOf(code: string): Uint8Array {
  const sdk = `globalThis[Symbol.for(${JSON.stringify(sdkGlobalName)})].aether`;
  return new TextEncoder().encode(
    `const { contract, kv, method, slice, SliceError, z } = ${sdk};\n${code}`,
  );
}

/** Code of a slice with one method, `run`, whose handler is this expression. */
export function sliceOf(handler: string, create = ""): string {
  return `
    const any = z.any();
    const one = contract("org.example:one", {
      run: method({ input: any, output: any, http: "POST /run" }),
    });
    export default slice(one, {
      create: async (needs, instance) => { ${create}; return { run: ${handler} }; },
    });
  `;
}

/**
 * Code of a function that does each of the named things and answers, by name, what came of it: the
 * name and message of the error, or "done".
 */
export function attemptAll(attempts: Readonly<Record<string, string>>): string {
  const lines = Object.entries(attempts).map(([name, code]) =>
    `[${JSON.stringify(name)}, async () => { ${code} }],`
  );
  return `async () => {
    const outcomes = {};
    for (const [name, attempt] of [${lines.join("\n")}]) {
      try {
        await attempt();
        outcomes[name] = "done";
      } catch (error) {
        outcomes[name] = error.name + ": " + error.message;
      }
    }
    return outcomes;
  }`;
}

/** What would end, stop or watch the whole process. */
export const dangers: Readonly<Record<string, string>> = {
  "Deno.exit": "Deno.exit(1)",
  "process.exit": "process.exit(1)",
  "process.reallyExit": "process.reallyExit(1)",
  "process.abort": "process.abort()",
  "Deno.kill": 'Deno.kill(Deno.pid, "SIGKILL")',
  "Deno.kill of SIGUSR1": 'Deno.kill(Deno.pid, "SIGUSR1")',
  "process.kill": "process.kill(process.pid)",
  "process.kill of SIGUSR1": 'process.kill(process.pid, "SIGUSR1")',
  "process._kill": "process._kill(process.pid, 9)",
  "process from node:process": '(await import("node:process")).default.abort()',
  "process by getBuiltinModule": 'process.getBuiltinModule("process").abort()',
  "Deno.addSignalListener": 'Deno.addSignalListener("SIGTERM", () => {})',
  "process.on of a signal": 'process.on("SIGTERM", () => {})',
  "Deno.chdir": 'Deno.chdir("/")',
  "process.chdir": 'process.chdir("/")',
  "process.dlopen": 'process.dlopen({}, "/lib/libc.so")',
  "v8 flags": '(await import("node:v8")).default.setFlagsFromString("--no-opt")',
  "Worker": 'new Worker("data:text/javascript,")',
  "worker_threads": 'new (process.getBuiltinModule("worker_threads").Worker)("", { eval: true })',
  "BroadcastChannel": 'new BroadcastChannel("all")',
  "close": "close()",
  "self.close": "self.close()",
};

/** What Deno itself refuses without permission. */
export const intrusions: Readonly<Record<string, string>> = {
  "env": 'Deno.env.get("HOME")',
  "process.env": "process.env.HOME",
  "read": 'Deno.readTextFileSync("/etc/hostname")',
  "node:fs": '(await import("node:fs")).readFileSync("/etc/hostname")',
  "write": 'Deno.writeTextFileSync("/tmp/x", "")',
  "fetch": 'await fetch("http://127.0.0.1:65001/")',
  "connect": 'await Deno.connect({ hostname: "127.0.0.1", port: 65001 })',
  "listen": "Deno.listen({ port: 0 })",
  "run": 'new Deno.Command("true").outputSync()',
  "sys": "Deno.hostname()",
  "ffi": 'Deno.dlopen("/lib/libc.so", {})',
  "import": 'await import("file:///etc/hostname")',
};
