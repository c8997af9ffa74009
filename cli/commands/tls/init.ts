/**
 * The command `aether tls init`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { certificateView, tlsFolder } from "../../tls_files.ts";
import { validity } from "../../values.ts";

const dayMs = 86_400_000;

/** A new authority. */
export const command = defineCommand({
  path: ["tls", "init"],
  summary: "Make the authority of a cluster",
  description: "Writes ca.crt, which every node needs, and ca.key, which no node needs: keep it " +
    "where you issue certificates, and nowhere else.",
  options: {
    dir: { value: "DIR", summary: "Folder for it (tls)" },
    cluster: { value: "NAME", summary: "Name of the cluster in certificates (aether)" },
    valid: { value: "DURATION", summary: "How long it holds (3650d)", parse: validity },
  },
  examples: [{ line: "aether tls init --cluster prod", summary: "Then: aether tls issue n1,n2" }],
  exitCodes: { 5: "There is an authority in the folder already" },
  async run({ options, context }) {
    const { dir = tlsFolder, cluster = "aether", valid = 3_650 * dayMs } = options;
    const { initAuthority } = await import("../../../src/io/tls/authority_folder.ts");
    const made = await initAuthority(dir, { cluster, nowMs: Date.now(), validMs: valid });
    const view = certificateView(made);
    await context.show(
      view,
      () =>
        `The authority of cluster ${cluster} holds until ${view.until}\n` +
        context.fields([
          ["  for all nodes", made.path],
          ["  for you alone", made.path.replace(/crt$/, "key")],
        ]),
    );
  },
});
