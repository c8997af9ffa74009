/**
 * Asks a bundled slice what it is, in a worker without permissions.
 *
 * Used by `aether slice build`; nodes trust the manifest that came out of it.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { entryUrl } from "../io/entry.ts";
import type { SliceDescription } from "../protocol/slice/manifest.ts";
import { definitionSchema } from "../protocol/slice/manifest.ts";
import type { ToShell } from "../protocol/thread/instance.ts";
import { readFromShell } from "./from_shell.ts";

/** Options of {@link describeSlice}. */
export interface DescribeOptions {
  /** Time for loading the module. @default {10000} */
  readonly timeoutMs?: number;
}

/**
 * Loads a bundled module and describes its slice.
 *
 * @throws {AetherError} SLICE_INVALID when it does not load, exports no slice or takes too long.
 */
export async function describeSlice(
  module: Uint8Array,
  options: DescribeOptions = {},
): Promise<SliceDescription> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const worker = new Worker(entryUrl("shell"), {
    type: "module",
    name: "describe",
    deno: { permissions: "none" },
  });
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await new Promise<SliceDescription>((resolve, reject) => {
      timer = setTimeout(() => {
        reject(invalid(`did not load within ${timeoutMs} ms: look for an endless top-level loop`));
      }, timeoutMs);
      worker.onerror = (event) => {
        event.preventDefault();
        reject(invalid(`failed while it loaded: ${event.message}`));
      };
      worker.onmessage = (event: MessageEvent<unknown>) => {
        const message = readFromShell(event.data);
        if (message?.type === "failed") reject(AetherError.fromProblem(message.problem));
        if (message?.type !== "described") return;
        const parsed = definitionSchema.safeParse(message.description);
        if (parsed.success) resolve(parsed.data);
        else reject(invalid(`describes itself wrongly: ${parsed.error.message}`));
      };
      worker.postMessage({ type: "describe", module } satisfies ToShell);
    });
  } finally {
    clearTimeout(timer);
    worker.terminate();
  }
}

function invalid(reason: string): AetherError {
  return new AetherError("SLICE_INVALID", `The slice's module ${reason}`);
}
