/**
 * The trusted shell: main module of every worker in which slice code runs.
 *
 * It describes a slice for a build, or runs one instance. Slice code is only ever imported into it
 * from bytes; it holds the ports, replaces `console`, and validates what goes in and out.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { FromShell, ToShell } from "../../protocol/thread/instance.ts";
import { describeDefinition } from "../../sdk/describe.ts";
import { harden } from "./harden.ts";
import { ResourcePort } from "./handles.ts";
import { SliceInstance } from "./instance.ts";
import { loadSlice, provideSdk } from "./module_loader.ts";

const scope = globalThis as unknown as DedicatedWorkerGlobalScope;
// Taken before slice code runs, which may replace globals.
const post = scope.postMessage.bind(scope) as (message: FromShell) => void;
const closeWorker = scope.close.bind(scope);

let instance: SliceInstance | undefined;

// A listener rather than `onmessage`, which a library in the slice may set.
scope.addEventListener("message", (event: MessageEvent<ToShell>) => {
  onMessage(event.data).catch((error) => {
    post({ type: "failed", problem: toAetherError(error).toProblem() });
  });
});

async function onMessage(message: ToShell): Promise<void> {
  switch (message.type) {
    case "describe":
      prepare();
      post({ type: "described", description: describeDefinition(await loadSlice(message.module)) });
      break;
    case "start": {
      prepare();
      const resources = new ResourcePort(message.resources);
      replaceConsole(resources);
      instance = await SliceInstance.start({
        artifact: message.artifact,
        instance: message.instance,
        definition: await loadSlice(message.module),
        resources,
      }).catch((error) => {
        throw failedStart(error);
      });
      instance.connect(message.gateway);
      post({ type: "ready" });
      break;
    }
    case "gateway":
      instance?.connect(message.gateway);
      break;
    case "stop":
      await instance?.stop();
      post({ type: "stopped" });
      closeWorker();
      break;
    case "ping":
      post({ type: "pong", sequence: message.sequence });
      break;
  }
}

/** What `create` throws is the slice's failure, not one of Aether. */
function failedStart(error: unknown): AetherError {
  if (error instanceof AetherError) return error;
  const reason = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return new AetherError("SLICE_FAILED", `The slice did not start: ${reason}`, { cause: error });
}

function prepare(): void {
  harden();
  provideSdk();
}

function replaceConsole(resources: ResourcePort): void {
  const write = (level: string) => (...parts: unknown[]) => {
    const text = parts.map((part) => typeof part === "string" ? part : Deno.inspect(part));
    resources.log(level, text.join(" ").slice(0, 16_384), "{}");
  };
  Object.assign(console, {
    trace: write("trace"),
    debug: write("debug"),
    log: write("info"),
    info: write("info"),
    warn: write("warn"),
    error: write("error"),
  });
}
