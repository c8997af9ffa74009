/**
 * The command `aether slice inspect`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { readSliceFile } from "../../slice_file.ts";

/** What a `.slice` file says about itself; nothing in it is run. */
export const command = defineCommand({
  path: ["slice", "inspect"],
  summary: "Show what a .slice file contains and asks for, without running it",
  arguments: { file: { summary: "Path of a .slice file" } },
  examples: [
    { line: "aether slice inspect echo-1.0.0.slice", summary: "Methods, permissions, needs" },
  ],
  async run({ args, context }) {
    const { openSlice } = await import("../../../src/artifact/package.ts");
    const { manifest, warnings } = openSlice(await readSliceFile(context, args.file));
    for (const text of warnings) await context.io.err(`warning: ${text}\n`);
    const { definition, dependencies, permissions } = manifest;
    const listed = (texts: readonly string[]) => texts.length === 0 ? "none" : texts.join(", ");
    await context.show(manifest, () =>
      context.fields([
        ["artifact", manifest.artifact],
        ["contract", definition.contract],
        ["envelope", manifest.envelope ?? "not given"],
        ["built with", manifest.builtWith],
        ["sha256", manifest.sha256],
        ["heap", `${manifest.limits.heapMb} MiB`],
        ["concurrency", manifest.limits.concurrency],
        [
          "permissions",
          listed(
            Object.entries(permissions).map(([kind, names]) =>
              `${kind} ${(names ?? []).join(" ")}`
            ),
          ),
        ],
        [
          "dependencies",
          listed(
            Object.entries(dependencies).map(([base, range]) => `${base} ${range}`),
          ),
        ],
        ["resources", listed(definition.resources.map(({ name, type }) => `${name} (${type})`))],
        ["errors", listed(Object.keys(definition.errors))],
      ]) + "\n" +
      context.table(
        ["METHOD", "HTTP", "IDEMPOTENT", "TIMEOUT MS", "SUMMARY"],
        Object.entries(definition.methods).map(([name, method]) => [
          name,
          method.http === undefined ? "" : `${method.http.method} ${method.http.path}`,
          method.idempotent ? "yes" : "no",
          method.timeoutMs,
          method.summary ?? "",
        ]),
      ));
  },
});
