/**
 * Takes away, inside a worker, what could end or watch the whole process.
 *
 * Deno's permissions do not cover signals to the own process, aborts, V8 flags, nested workers,
 * broadcast channels or the process's standard streams. This is a defence against mistakes: what a
 * determined slice can still do is named in docs/isolation.md, and the process tier is the answer
 * to malice. It belongs together with the import fence: a named import of a built-in module would
 * bring the original functions back.
 *
 * @module
 */
import fs from "node:fs";
import process from "node:process";
import v8 from "node:v8";
import workerThreads from "node:worker_threads";
import { syncBuiltinESMExports } from "node:module";

const denoNames = ["kill", "exit", "addSignalListener", "removeSignalListener", "chdir"] as const;
const processNames = [
  "kill",
  "_kill",
  "abort",
  "exit",
  "reallyExit",
  "chdir",
  "dlopen",
  "binding",
  "getBuiltinModule",
  "_rawDebug",
  "emitWarning",
] as const;
const globalNames = ["Worker", "BroadcastChannel", "close"] as const;
// A nested worker would start without any of this.
const threadNames = ["Worker", "BroadcastChannel"] as const;

/** Replaces the dangerous functions by ones that throw `Deno.errors.NotCapable`. */
export function harden(): void {
  for (const name of denoNames) replace(Deno, name, `Deno.${name}`);
  for (const name of processNames) replace(process, name, `process.${name}`);
  replace(v8, "setFlagsFromString", "v8.setFlagsFromString");
  for (const name of globalNames) replace(globalThis, name, name);
  // Silent, for libraries that believe to be in a worker of their own. The shell has its copy.
  define(globalThis, "postMessage", () => {});
  for (const name of threadNames) replace(workerThreads, name, `worker_threads.${name}`);
  // The node's own arguments.
  define(Deno, "args", Object.freeze([]));
  for (const name of ["argv", "execArgv"]) define(process, name, Object.freeze([]));
  closeStreams();
  hideInternals();
  fenceFiles();
  // Or a slice could catch the shell's ports as they are used.
  Object.freeze(MessagePort.prototype);
  syncBuiltinESMExports();
}

/**
 * In this thread only: a slice that writes to the node's standard output could forge log lines, and
 * in the process tier frames.
 */
function closeStreams(): void {
  for (const stream of [Deno.stdin, Deno.stdout, Deno.stderr]) stream.close();
}

/** The runtime's own interface is reachable from here, with a print that needs no permission. */
function hideInternals(): void {
  const { internal } = Deno as unknown as { readonly internal: symbol };
  const value = Object.freeze({});
  Object.defineProperty(Deno, internal, { value, writable: false, configurable: false });
}

/** Node's file functions reach the process's streams by their numbers. */
function fenceFiles(): void {
  for (const [name, original] of Object.entries(fs)) {
    if (typeof original !== "function" || /^[A-Z]/.test(name)) continue;
    const fenced = function (this: unknown, ...args: unknown[]): unknown {
      const [file, options] = args;
      const hasNumber = typeof file === "number" ||
        typeof options === "object" && options !== null && "fd" in options;
      if (hasNumber) throw notAvailable(`fs.${name} of an open file`);
      return Reflect.apply(original, this, args);
    };
    define(fs, name, fenced);
  }
}

function replace(target: object, name: string, label: string): void {
  // A function, not an arrow: some of them are called with `new`.
  define(target, name, function refuse() {
    throw notAvailable(label);
  });
}

function define(target: object, name: string, value: unknown): void {
  Object.defineProperty(target, name, { value, writable: false, configurable: false });
}

function notAvailable(label: string): Error {
  return new Deno.errors.NotCapable(`${label} is not available in a slice`);
}
