/**
 * The command `aether tls show`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { readInput, unreadable } from "../../io.ts";
import { defineCommand } from "../../command.ts";
import { certificateTable, certificateView, isInTime } from "../../tls_files.ts";

const fileBytesMax = 1024 * 1024;

/** What certificates say. */
export const command = defineCommand({
  path: ["tls", "show"],
  summary: "Show for whom certificates are, and how long they hold",
  arguments: { file: { summary: "File with certificates in PEM form; - is standard input" } },
  examples: [
    { line: "aether tls show tls/n1.crt", summary: "One certificate" },
    { line: "aether tls show tls/ca.crt -o json", summary: "The authorities, with fingerprints" },
  ],
  exitCodes: { 1: "One of them does not hold now" },
  async run({ args, context }) {
    const { readCertificate, splitPem } = await import("../../../src/io/tls/identity.ts");
    const text = new TextDecoder().decode(await readInput(context.io, args.file, fileBytesMax));
    const files = splitPem(text).map((pem) => ({ path: args.file, info: readCertificate(pem) }));
    if (files.length === 0) throw unreadable(args.file, "it holds no certificate in PEM form");
    await context.show(
      { certificates: files.map(certificateView) },
      () => certificateTable(context, files),
    );
    return files.every(isInTime) ? 0 : 1;
  },
});
