/**
 * The command `aether tls rotate`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";
import { certificateTable, certificateView, namesOf, tlsFolder } from "../../tls_files.ts";
import { validity } from "../../values.ts";

const dayMs = 86_400_000;

/** New certificates in place of the old ones. */
export const command = defineCommand({
  path: ["tls", "rotate"],
  summary: "Replace certificates and keys by new ones, or the authority itself",
  description: "Running nodes take replaced files over within seconds; links stay. The authority " +
    "is replaced in three steps, each followed by copying the files to all nodes: " +
    "--new-authority, then without an option, then --drop-old-authorities",
  arguments: { nodes: { summary: "Ids, separated by commas; all unless given", optional: true } },
  options: {
    dir: { value: "DIR", summary: "Folder of the authority (tls)" },
    valid: {
      value: "DURATION",
      summary: "How long they hold (365d, an authority 3650d)",
      parse: validity,
    },
    newAuthority: { summary: "Make another authority and let nodes believe both" },
    dropOldAuthorities: { summary: "Let nodes believe the newest authority only" },
  },
  examples: [
    { line: "aether tls rotate", summary: "All certificates" },
    { line: "aether tls rotate n2 --valid 90d", summary: "One node's" },
    { line: "aether tls rotate --new-authority", summary: "First step to another authority" },
  ],
  async run({ args, options, context }) {
    const { dir = tlsFolder, newAuthority, dropOldAuthorities } = options;
    if (newAuthority && dropOldAuthorities || (newAuthority || dropOldAuthorities) && args.nodes) {
      const text = "--new-authority, --drop-old-authorities and names of nodes exclude each other";
      throw new AetherError("USAGE", text);
    }
    const folder = await import("../../../src/io/tls/authority_folder.ts");
    const nowMs = Date.now();
    const validMs = options.valid ?? (newAuthority ? 3_650 : 365) * dayMs;
    const names = args.nodes === undefined ? undefined : namesOf(args.nodes);
    const files = newAuthority
      ? [await folder.replaceAuthority(dir, { nowMs, validMs })]
      : dropOldAuthorities
      ? [await folder.dropAuthorities(dir)]
      : await folder.rotateIn(dir, names, { nowMs, validMs });
    await context.show(
      { certificates: files.map(certificateView) },
      () => certificateTable(context, files),
    );
  },
});
