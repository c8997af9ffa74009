/**
 * The trusted shell: main module of every worker in which slice code runs.
 *
 * It describes a slice for a build, or runs one instance. Slice code is only ever imported into it
 * from bytes; it holds the ports, replaces `console`, and validates what goes in and out.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { FromShell, ShellMemory, ToShell } from "../../protocol/thread/instance.ts";
import type { Permissions } from "../../protocol/slice/manifest.ts";
import { describeDefinition } from "../../sdk/describe.ts";
import { denialOf, denialText } from "./denial.ts";
import { harden } from "./harden.ts";
import { fenceImports, type ImportFence } from "./import_fence.ts";
import { SliceInstance } from "./instance.ts";
import { loadSlice, provideSdk } from "./module_loader.ts";
import { ResourcePort } from "./resource/port.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
// Taken before slice code runs, which may replace globals.
const post = scope.postMessage.bind(scope) as (message: FromShell) => void;
const closeWorker = scope.close.bind(scope);
const memoryUsage = Deno.memoryUsage;

let instance: SliceInstance | undefined;
let resources: ResourcePort | undefined;

// A listener rather than `onmessage`, which a library in the slice may set.
scope.addEventListener("message", (event: MessageEvent<ToShell>) => {
  // The ports that come with it are nobody else's.
  event.stopImmediatePropagation();
  onMessage(event.data).catch((error) => {
    post({ type: "failed", problem: toAetherError(error).toProblem() });
  });
});

async function onMessage(message: ToShell): Promise<void> {
  switch (message.type) {
    case "describe":
      // Nobody reads what a module prints while it is built.
      replaceConsole(() => {});
      post({
        type: "described",
        description: describeDefinition(await loadSlice(message.module, prepare())),
      });
      break;
    case "start": {
      const fence = prepare();
      const explain = explainer(message.artifact, message.permissions);
      const port = resources = new ResourcePort(message.resources);
      replaceConsole((level, text) => port.log(level, text, "{}"));
      instance = await SliceInstance.start({
        artifact: message.artifact,
        instance: message.instance,
        definition: await loadSlice(message.module, fence),
        gateway: message.gateway,
        resources: port,
        explain,
      }).catch((error) => {
        throw failedStart(error, explain);
      });
      post({ type: "ready" });
      break;
    }
    case "gateway":
      instance?.connect(message.gateway);
      break;
    case "resources":
      resources?.connect(message.resources);
      break;
    case "stop":
      await instance?.stop();
      post({ type: "stopped" });
      closeWorker();
      break;
    case "ping":
      post({
        type: "pong",
        sequence: message.sequence,
        memory: memory(),
        ready: instance?.isReady ?? true,
      });
      break;
  }
}

/** What `create` throws is the slice's failure, not one of Aether. */
function failedStart(error: unknown, explain: Explain): AetherError {
  if (error instanceof AetherError) return error;
  const denied = error instanceof Error ? explain(error.stack ?? error.message) : undefined;
  const reason = denied ??
    (error instanceof Error ? `${error.name}: ${error.message}` : String(error));
  return new AetherError("SLICE_FAILED", `The slice did not start: ${reason}`, { cause: error });
}

/** Says which line of slice.toml an error asks for; undefined for other errors. */
type Explain = (error: string) => string | undefined;

function explainer(artifact: string, permissions: Permissions): Explain {
  return (error) => {
    const denial = denialOf(error, artifact, permissions);
    return denial === undefined ? undefined : denialText(denial);
  };
}

function memory(): ShellMemory {
  const { heapUsed, external } = memoryUsage();
  return { heapBytes: heapUsed, externalBytes: external };
}

function prepare(): ImportFence {
  harden();
  provideSdk();
  return fenceImports();
}

function replaceConsole(log: (level: string, text: string) => void): void {
  const write = (level: string) => (...parts: unknown[]) => {
    const text = parts.map((part) => typeof part === "string" ? part : Deno.inspect(part));
    log(level, text.join(" ").slice(0, 16_384));
  };
  // What is left would write to the closed standard output.
  for (const [name, value] of Object.entries(console)) {
    if (typeof value === "function") Object.assign(console, { [name]: () => {} });
  }
  Object.assign(console, {
    dir: write("info"),
    table: write("info"),
    trace: write("trace"),
    debug: write("debug"),
    log: write("info"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  });
}
