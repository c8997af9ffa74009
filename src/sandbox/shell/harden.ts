/**
 * Takes away, inside a worker, what could end or watch the whole process.
 *
 * Deno's permissions do not cover signals to the own process, aborts, V8 flags, nested workers or
 * broadcast channels. This is a defence against mistakes: what a determined slice can still reach
 * is named in docs/architecture.md, and the process tier is the answer to malice.
 *
 * @module
 */
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
  for (const name of threadNames) replace(workerThreads, name, `worker_threads.${name}`);
  syncBuiltinESMExports();
}

function replace(target: object, name: string, label: string): void {
  // A function, not an arrow: some of them are called with `new`.
  function refuse() {
    throw new Deno.errors.NotCapable(`${label} is not available in a slice`);
  }
  Object.defineProperty(target, name, { value: refuse, writable: false, configurable: false });
}
