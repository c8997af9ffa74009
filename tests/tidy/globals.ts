/**
 * Rule: the pure layers (L0 to L2) never touch the outside world, so that a whole cluster can run
 * under one seed. Clock, randomness and IO reach them as arguments.
 *
 * @module
 */
import { layers } from "./layers.ts";
import { outlineOf } from "./outline.ts";
import { type Finding, isTest, isTypeScript, type SourceFile } from "./source.ts";

/** Packages without side effects that the pure layers may import. */
const purePackages = ["zod", "semver", "smol-toml", "fflate", "croner"];

/** Modules that may import what no other below L3 may, because it is none of these. */
const exempt: Readonly<Record<string, string>> = {
  // Follows a call through `await`; the SDK cannot be handed one, since slices import it.
  "src/sdk/testing/scope.ts": "node:async_hooks",
};

/** Uses of otherwise banned names that depend on nothing outside the program. */
const harmless = new Set([
  "Date.UTC",
  "Date.parse",
  "AbortSignal.abort",
  "AbortSignal.any",
  "new Date(...)",
  // Hashing is a function of its input; it is the random part of crypto that is banned.
  "crypto.subtle",
]);

/** Findings for every use of IO, time or randomness, and for packages that are not pure. */
export function checkGlobals(files: readonly SourceFile[]): Finding[] {
  return files.filter((file) => isTypeScript(file.path) && isPure(file.path)).flatMap((file) => {
    const { imports, uses } = outlineOf(file);
    const findings: Finding[] = [];
    for (const { name, form, line } of uses) {
      if (isAllowed(name, form)) continue;
      const shown = form === "type" ? name : form;
      const message = `${shown} is banned below L3: pass clock, random or IO in as an argument`;
      findings.push({ path: file.path, line, message });
    }
    for (const { specifier, line } of imports) {
      if (specifier.startsWith(".") || purePackages.includes(specifier)) continue;
      if (exempt[file.path] === specifier) continue;
      const message = `${specifier} is not on the list of pure packages for layers below L3`;
      findings.push({ path: file.path, line, message });
    }
    return findings;
  });
}

function isPure(path: string): boolean {
  const layer = layers[path.split("/")[1] ?? ""];
  return path.startsWith("src/") && layer !== undefined && layer <= 2 && !isTest(path);
}

function isAllowed(name: string, form: string): boolean {
  // console has a rule of its own, with a wider reach.
  if (name === "console" || harmless.has(form)) return true;
  if (name === "Math") return form.startsWith("Math.") && form !== "Math.random";
  if (name === "Date" || name === "AbortSignal") return form === "type" || form === "test";
  return false;
}
