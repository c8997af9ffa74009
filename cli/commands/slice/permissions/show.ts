/**
 * The command `aether slice permissions show`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { permissionEntries } from "../../../../src/protocol/slice/permission_changes.ts";
import { defineCommand } from "../../../command.ts";
import { readSliceFile } from "../../../slice_file.ts";

/** What a slice asks for; nothing in it is run. */
export const command = defineCommand({
  path: ["slice", "permissions", "show"],
  summary: "Show what a .slice file asks for: permissions, tier and heap",
  arguments: { file: { summary: "Path of a .slice file" } },
  examples: [
    { line: "aether slice permissions show echo-1.0.0.slice", summary: "Before it is published" },
  ],
  async run({ args, context }) {
    const { openSlice } = await import("../../../../src/artifact/package.ts");
    const { manifest } = openSlice(await readSliceFile(context, args.file));
    const { artifact, permissions, limits, sandbox } = manifest;
    const tier = sandbox?.tier ?? "worker";
    const entries = permissionEntries(permissions);
    await context.show(
      { artifact, tier, heapMb: limits.heapMb, permissions },
      () =>
        context.fields([
          ["artifact", artifact],
          ["tier", tier],
          ["heap", `${limits.heapMb} MiB`],
          ...(entries.length === 0 ? [["permissions", "none"] as const] : []),
        ]) + (entries.length === 0 ? "" : "\n" +
          context.table(["PERMISSION", "FOR"], entries.map(({ kind, entry }) => [kind, entry]))),
    );
  },
});
