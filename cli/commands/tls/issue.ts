/**
 * The command `aether tls issue`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { certificateTable, certificateView, namesOf, tlsFolder } from "../../tls_files.ts";
import { validity } from "../../values.ts";

const dayMs = 86_400_000;

/** Certificates of nodes. */
export const command = defineCommand({
  path: ["tls", "issue"],
  summary: "Issue certificates for nodes",
  description:
    "Writes NODE.crt and NODE.key for each. A node needs its own two files and ca.crt, " +
    "named in [tls] of its aether.toml. The files also serve [management.tls] and [app.tls] when " +
    "--hosts names the addresses that clients call",
  arguments: { nodes: { summary: "Ids of nodes, separated by commas" } },
  options: {
    dir: { value: "DIR", summary: "Folder of the authority (tls)" },
    hosts: { value: "LIST", summary: "Names and addresses for HTTPS, besides localhost" },
    valid: { value: "DURATION", summary: "How long they hold (365d)", parse: validity },
    client: { summary: "For clients instead of nodes: they are not admitted as nodes" },
  },
  examples: [
    { line: "aether tls issue n1,n2,n3", summary: "For three nodes" },
    {
      line: "aether tls issue n4 --hosts n4.example.com,192.0.2.4",
      summary: "For a node whose management API is called by these names",
    },
  ],
  exitCodes: { 5: "One of the files exists already; nothing was issued" },
  async run({ args, options, context }) {
    const { dir = tlsFolder, hosts = "", valid = 365 * dayMs, client } = options;
    const { issueInto } = await import("../../../src/io/tls/authority_folder.ts");
    const issued = await issueInto(dir, {
      names: namesOf(args.nodes),
      role: client ? "client" : "node",
      hosts: ["localhost", ...namesOf(hosts)],
      nowMs: Date.now(),
      validMs: valid,
    });
    await context.show(
      { certificates: issued.map(certificateView) },
      () => certificateTable(context, issued),
    );
  },
});
