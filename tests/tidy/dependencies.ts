/**
 * Rule: every dependency is an npm package pinned to one exact version in deno.json, modules name
 * it through that file only, and packages that we may want to replace stay behind one wrapper. See
 * docs/substitutions.md.
 *
 * @module
 */
import { type DenoConfig, edgesOf } from "./graph.ts";
import { type Finding, isTest, lineAt, readJson, type SourceFile } from "./source.ts";

const pinned = /^npm:(?:@[\w.-]+\/)?[\w.-]+@\d+\.\d+\.\d+(?:-[\w.]+)?(?:\/[\w./-]+)?$/;

/** Packages that one module or folder wraps, with the start of the paths that may import them. */
const wrappers: Readonly<Record<string, readonly string[]>> = {
  "smol-toml": ["src/protocol/toml"],
  "semver": ["src/protocol/coordinates.ts"],
  "fflate": ["src/artifact/"],
  "esbuild": ["src/artifact/", "scripts/"],
  "hono": ["src/api/", "scripts/bench/"],
  "@hono/zod-validator": ["src/api/", "scripts/bench/"],
  "commander": ["cli/"],
  "@peculiar/x509": ["src/io/tls/certificates.ts"],
  "reflect-metadata": ["src/io/tls/certificates.ts"],
};

/** Findings for loose or foreign dependencies, and imports that bypass deno.json or a wrapper. */
export function checkDependencies(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  const { imports = {} } = readJson<DenoConfig>(files, "deno.json", {});
  const config = files.find((file) => file.path === "deno.json")?.text ?? "";
  for (const [name, target] of Object.entries(imports)) {
    if (target.startsWith("./") || pinned.test(target)) continue;
    const line = lineAt(config, config.indexOf(`"${name}"`));
    const message = `${name} is ${target}: pin one exact version of an npm package, npm:name@1.2.3`;
    findings.push({ path: "deno.json", line, message });
  }
  for (const { from, to, specifier, line } of edgesOf(files)) {
    if (to !== undefined || specifier.startsWith("node:")) continue;
    if (!isMapped(specifier, imports)) {
      const message = `${specifier} bypasses deno.json: name the package there, pinned, first`;
      findings.push({ path: from, line, message });
      continue;
    }
    const allowed = wrapperOf(specifier);
    if (allowed === undefined || isTest(from) || allowed.some((path) => from.startsWith(path))) {
      continue;
    }
    const message = `${specifier} is wrapped by ${allowed.join(", ")}: import that instead`;
    findings.push({ path: from, line, message });
  }
  return findings;
}

function wrapperOf(specifier: string): readonly string[] | undefined {
  const name = Object.keys(wrappers).find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );
  return name === undefined ? undefined : wrappers[name];
}

function isMapped(specifier: string, imports: Readonly<Record<string, string>>): boolean {
  return Object.keys(imports).some((name) =>
    specifier === name || specifier.startsWith(`${name}/`) && imports[name]?.startsWith("npm:")
  );
}
