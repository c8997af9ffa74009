/**
 * Rule: imports point strictly downward through the layers.
 *
 * The table below is the architecture. A folder imports itself and lower layers, never a sibling
 * of its own layer: siblings meet in the types of `protocol/`. Exceptions stand in the tables.
 *
 * @module
 */
import { type Edge, edgesOf } from "./graph.ts";
import type { Finding, SourceFile } from "./source.ts";
import { isTest } from "./source.ts";

/** Layer of each folder under src/. */
export const layers: Readonly<Record<string, number>> = {
  base: 0,
  protocol: 1,
  sdk: 1,
  consensus: 2,
  membership: 2,
  store: 2,
  dht: 2,
  deployment: 2,
  messaging: 2,
  schedule: 2,
  observe: 2,
  policy: 2,
  io: 3,
  sandbox: 3,
  artifact: 3,
  resource: 3,
  storage: 3,
  node: 4,
  gateway: 4,
  api: 5,
  client: 5,
  forge: 5,
};

/** Folders that may import less than every lower layer: exactly these. */
const narrowed: Readonly<Record<string, readonly string[]>> = {
  // The typed client also runs in browsers and in the CLI, so it stays free of the node.
  client: ["base", "protocol"],
};

/** Siblings that a folder may import although they are in its own layer. */
const siblings: Readonly<Record<string, readonly string[]>> = {
  // What slices see is written in the protocol's terms.
  sdk: ["protocol"],
  // Files, sockets and workers are the floor on which the rest of this layer stands.
  sandbox: ["io"],
  artifact: ["io"],
  resource: ["io"],
  storage: ["io", "artifact"],
};

/** Parts of cli/ that may import more of src/ than the client, because they do the work here. */
const cliExtras: readonly (readonly [prefix: string, folders: readonly string[]])[] = [
  ["cli/backup_place", ["io"]],
  ["cli/commands/backup/", ["node", "io"]],
  ["cli/commands/cluster/recover", ["node", "io"]],
  ["cli/commands/config/", ["io"]],
  ["cli/commands/dev", ["node", "forge", "artifact"]],
  ["cli/commands/node/start", ["node", "io"]],
  ["cli/commands/slice/", ["artifact", "forge"]],
  ["cli/commands/tls/", ["io"]],
  ["cli/tls_files", ["io"]],
  ["cli/commands/version", ["io"]],
];

/** What each place outside src/ may import; `src/` alone stands for every folder in it. */
const outside: readonly (readonly [prefix: string, allowed: readonly string[], advice: string])[] =
  [
    ["cli/", ["cli/", "src/client/", "src/protocol/", "src/base/"], "go through src/client"],
    ["e2e/", [
      "e2e/",
      "scripts/",
      "tests/linearizability/",
      "src/client/",
      "src/protocol/",
      "src/base/",
    ], "run the program"],
    ["tests/fuzz/", ["tests/", "e2e/lib/", "src/", "scripts/"], "only to run the program"],
    [
      "tests/node/",
      ["tests/", "e2e/lib/load.ts", "scripts/lib/", "src/", "cli/", "slices/"],
      "it runs whole nodes and their command line",
    ],
    ["tests/", ["tests/", "src/", "cli/", "scripts/", "slices/", "mod.ts"], "move it to tests/"],
    ["scripts/", ["scripts/", "src/", "cli/"], "keep tools free of tests and examples"],
    ["main.ts", ["cli/", "src/"], "main.ts only starts cli/ or a thread of src/"],
    ["mod.ts", ["src/sdk/", "src/protocol/", "src/base/"], "mod.ts re-exports what slices may see"],
  ];

/** Findings for every import that points sideways or upward, and for folders without a layer. */
export function checkLayers(files: readonly SourceFile[]): Finding[] {
  const findings: Finding[] = [];
  for (const folder of new Set(files.map((file) => folderOf(file.path)))) {
    if (folder !== undefined && layers[folder] === undefined) {
      const path = `src/${folder}`;
      findings.push({ path, line: 0, message: "Not in the layer table of tests/tidy/layers.ts" });
    }
  }
  for (const edge of edgesOf(files)) {
    const message = edge.to === undefined
      ? objectionToPackage(edge)
      : objection(edge.from, edge.to);
    if (message !== undefined) findings.push({ path: edge.from, line: edge.line, message });
  }
  return findings;
}

function folderOf(path: string): string | undefined {
  return path.startsWith("src/") ? path.split("/")[1] : undefined;
}

function objectionToPackage(edge: Edge): string | undefined {
  if (!edge.from.startsWith("slices/") || isTest(edge.from)) return undefined;
  return `A slice imports "aether" and its own files only, not ${edge.specifier}`;
}

function objection(from: string, to: string): string | undefined {
  const folder = folderOf(from);
  if (folder !== undefined) return objectionInSource(from, folder, to);
  if (from.startsWith("slices/")) return objectionInSlice(from, to);
  const place = outside.find(([prefix]) => from.startsWith(prefix));
  if (place === undefined || place[1].some((allowed) => to.startsWith(allowed))) return undefined;
  const target = folderOf(to);
  const extras = cliExtras.filter(([prefix]) => from.startsWith(prefix)).flatMap(([, f]) => f);
  if (target !== undefined && extras.includes(target)) return undefined;
  // Tests of the command line may set up what its commands reach over the network.
  if (isTest(from) && from.startsWith("cli/") && target !== undefined) return undefined;
  return to.endsWith(".json") ? undefined : `${place[0]} may not import ${to}: ${place[2]}`;
}

function objectionInSource(from: string, folder: string, to: string): string | undefined {
  // The root's mod.ts is the face of the SDK.
  const target = to === "mod.ts" ? "sdk" : folderOf(to);
  if (target === undefined) {
    // The version in deno.json and shared fixtures are data, not code.
    const isData = to.endsWith(".json") || isTest(from) && to.startsWith("tests/");
    return isData ? undefined : `src/ may not import ${to}: only src/ itself`;
  }
  if (target === folder) return undefined;
  const own = layers[folder];
  const other = layers[target];
  if (own === undefined || other === undefined) return undefined;
  const only = narrowed[folder];
  if (only !== undefined) {
    if (only.includes(target)) return undefined;
    return `src/${folder} may import only ${only.join(", ")}, not src/${target}`;
  }
  if (other < own || siblings[folder]?.includes(target)) return undefined;
  const direction = other === own ? "sideways" : "upward";
  const advice = other === own && own === 2
    ? "share the type through src/protocol"
    : "move the shared part down, or pass it in as an argument";
  return `Import of src/${target} (L${other}) from L${own} points ${direction}: ${advice}`;
}

function objectionInSlice(from: string, to: string): string | undefined {
  const own = from.split("/").slice(0, 2).join("/") + "/";
  if (to === "mod.ts" || to.startsWith(own)) return undefined;
  // A contract is what one slice shares with its callers.
  if (to.startsWith("slices/") && to.endsWith("/contract.ts")) return undefined;
  if (isTest(from) && to.startsWith("src/sdk/")) return undefined;
  return `A slice imports "aether", its own files and contracts of others only, not ${to}`;
}
