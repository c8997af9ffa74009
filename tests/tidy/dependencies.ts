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
  // It starts timers when it is given a function; the wrapper never does.
  "croner": ["src/protocol/schedule/timing.ts"],
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
  const configs = files.filter(({ path }) => path === "deno.json" || path.endsWith("/deno.json"));
  for (const config of configs) findings.push(...looseIn(config, importsOf(files, config.path)));
  for (const { from, to, specifier, line } of edgesOf(files)) {
    if (to !== undefined || specifier.startsWith("node:")) continue;
    // The nearest one counts: a folder with one of its own has its own packages.
    const nearest = configs.map(({ path }) => path)
      .filter((path) => from.startsWith(path.slice(0, -"deno.json".length)))
      .reduce((one, other) => other.length > one.length ? other : one, "deno.json");
    if (!isMapped(specifier, importsOf(files, nearest))) {
      const message = `${specifier} bypasses ${nearest}: name the package there, pinned, first`;
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

type Imports = Readonly<Record<string, string>>;

function importsOf(files: readonly SourceFile[], path: string): Imports {
  return readJson<DenoConfig>(files, path, {}).imports ?? {};
}

function looseIn({ path, text }: SourceFile, imports: Imports): Finding[] {
  return Object.entries(imports)
    .filter(([, target]) => !target.startsWith("./") && !pinned.test(target))
    .map(([name, target]) => ({
      path,
      line: lineAt(text, text.indexOf(`"${name}"`)),
      message: `${name} is ${target}: pin one exact version of an npm package, npm:name@1.2.3`,
    }));
}

function wrapperOf(specifier: string): readonly string[] | undefined {
  const name = Object.keys(wrappers).find((name) =>
    specifier === name || specifier.startsWith(`${name}/`)
  );
  return name === undefined ? undefined : wrappers[name];
}

function isMapped(specifier: string, imports: Imports): boolean {
  return Object.keys(imports).some((name) =>
    specifier === name || specifier.startsWith(`${name}/`) && imports[name]?.startsWith("npm:")
  );
}
