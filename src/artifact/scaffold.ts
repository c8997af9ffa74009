/**
 * `aether slice new`: a folder with a small working slice and all that an editor needs.
 *
 * The folder type-checks and its test runs without network: the SDK and its types are written into
 * it, see `sdk_files.ts`. It holds a blueprint as well, so that the slice can be run at once.
 *
 * @module
 */
import { dirname, join } from "node:path";
import { AetherError } from "../base/errors.ts";
import { isArtifactBase } from "../protocol/coordinates.ts";
import type { Template, TemplateNames } from "./templates/template.ts";
import { missingFor, type TemplateName, templates } from "./templates/templates.ts";
import { lintPlugin, sdkImports, writeSdk } from "./sdk_files.ts";

const version = "1.0.0";

/** Options of {@link newSlice}. */
export interface NewSliceOptions {
  /** Group of the artifact. @default {"org.example"} */
  readonly group?: string;
  /** What kind of slice. @default {"http"} */
  readonly template?: TemplateName;
  /** Path of the packed SDK. @default {collected from the checkout} */
  readonly sdkPath?: string | undefined;
}

/** What was made. */
export interface NewSlice {
  /** Coordinates of the slice. */
  readonly artifact: string;
  /** Paths that were written, from the folder, without the SDK. */
  readonly files: readonly string[];
}

/**
 * Writes a new slice into a folder that is empty or does not exist.
 *
 * @param name Name of the slice, e.g. `url-shortener`.
 * @throws {AetherError} COORDINATES_INVALID for the name or the group; FOLDER_NOT_EMPTY;
 * NOT_BUILT for a template whose slices this version cannot run.
 */
export async function newSlice(
  name: string,
  dir: string,
  options: NewSliceOptions = {},
): Promise<NewSlice> {
  const { group = "org.example", template = "http" } = options;
  const missing = missingFor(template);
  if (missing !== undefined) throw missing;
  if (!isArtifactBase(`${group}:${name}`)) {
    throw new AetherError(
      "COORDINATES_INVALID",
      `"${group}:${name}" cannot be the name of a slice: the group needs two or more dotted ` +
        "lower-case parts, the name lower-case letters, digits and single hyphens",
      { hint: "For example `aether slice new url-shortener --group org.example`" },
    );
  }
  const [found] = await openFolder(dir);
  if (found !== undefined) {
    throw new AetherError(
      "FOLDER_NOT_EMPTY",
      `The folder "${dir}" is not empty: it holds "${found.name}"`,
    );
  }
  const files = filesOf(group, name, templates[template]);
  for (const [path, text] of Object.entries(files)) {
    await Deno.mkdir(dirname(join(dir, path)), { recursive: true });
    await Deno.writeTextFile(join(dir, path), text);
  }
  await writeSdk(dir, options.sdkPath);
  return { artifact: `${group}:${name}:${version}`, files: Object.keys(files) };
}

/** Makes the folder when it is missing; what it holds. */
async function openFolder(dir: string): Promise<Deno.DirEntry[]> {
  try {
    await Deno.mkdir(dir, { recursive: true });
    return await Array.fromAsync(Deno.readDir(dir));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("FILE_UNREADABLE", `The folder "${dir}" cannot be made: ${reason}`, {
      cause: error,
    });
  }
}

/** All files but the SDK; exported for tests of templates that cannot run yet. */
export function filesOf(group: string, name: string, template: Template): Record<string, string> {
  const base = `${group}:${name}`;
  const camel = name.replaceAll(/-(.)/g, (_, letter: string) => letter.toUpperCase());
  const constant = `${/^\d/.test(camel) ? "slice" : ""}${camel}Contract`;
  const names: TemplateNames = { base, name, constant };
  return {
    "slice.toml": sliceToml(base),
    "contract.ts": template.contract(names),
    "mod.ts": template.module(names),
    "mod_test.ts": template.test(names),
    "blueprint.toml": blueprint(base),
    "README.md": readme(names, template),
    "deno.json": denoJson(),
    ".vscode/settings.json": `${JSON.stringify({ "deno.enable": true }, null, 2)}\n`,
    ".gitignore": "/.aether/\n*.slice\n",
  };
}

function sliceToml(base: string): string {
  return `#:schema ./.aether/sdk/schemas/slice.json
artifact = "${base}:${version}"
entry = "mod.ts"

# Deno's permissions; what is not listed is denied. For example:
# [permissions]
# net = ["api.example.com:443"]

# Limits of one instance.
[limits]
heapMb = 128

# Version ranges of the contracts that the slice needs. For example:
# [dependencies]
# "org.example:analytics" = "^1.0.0"
`;
}

function blueprint(base: string): string {
  return `#:schema ./.aether/sdk/schemas/blueprint.json
id = "${base}-app:${version}"

[[slices]]
artifact = "${base}:${version}"
instances = 1
`;
}

function readme(names: TemplateNames, template: Template): string {
  const { base, name } = names;
  const tries = template.tryLines(names).map((line) => `    ${line}`).join("\n");
  return `# ${name}

A slice for Aether, \`${base}\`: it ${template.summary}.

- \`slice.toml\`: name, version, permissions, limits, dependencies
- \`contract.ts\`: what the slice offers; other slices import it
- \`mod.ts\`: the code
- \`mod_test.ts\`: its test, for \`aether slice test .\`
- \`blueprint.toml\`: how many instances to run

Run it while you change it, and call it from another terminal:

    aether dev .
${tries}

Check it by the rules for slices: \`aether slice lint .\`

Or give it to a running cluster:

    aether slice publish .
    aether blueprint apply blueprint.toml

\`.aether/\` holds the SDK for editors and \`deno test\`. It is not under version control:
\`aether slice build .\` writes it again.
`;
}

function denoJson(): string {
  const config = {
    imports: sdkImports,
    lock: false,
    exclude: [".aether"],
    lint: { plugins: [`./.aether/sdk/${lintPlugin}`] },
    compilerOptions: { strict: true },
    fmt: { lineWidth: 100 },
  };
  return `${JSON.stringify(config, null, 2)}\n`;
}
