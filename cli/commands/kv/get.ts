/**
 * The command `aether kv get`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

const consistencies = ["linearizable", "local"] as const;

/** The value of a key, byte for byte. */
export const command = defineCommand({
  path: ["kv", "get"],
  summary: "Write the value of a key to standard output",
  description: "The bytes come out unchanged, whatever -o says. With --revision the revision is " +
    "printed to standard error, for `kv put --if-revision`.",
  arguments: { key: { summary: "The key, for example shop/limits" } },
  options: {
    consistency: {
      value: "LEVEL",
      summary: "linearizable, or local to accept what this node knows (default linearizable)",
      choices: consistencies,
    },
    minRevision: {
      value: "N",
      summary: "Wait until the node has this revision, and accept what it knows then",
      parse: wholeNumber(),
    },
    revision: { summary: "Also print the revision of the key" },
  },
  examples: [
    { line: "aether kv get greeting", summary: "Print a value" },
    { line: "aether kv get logo.png > logo.png", summary: "Save bytes to a file" },
  ],
  async run({ args, options, context }) {
    const client = await context.client();
    const { headers, body } = await client.send("kvGet", {
      params: { key: args.key },
      query: { consistency: options.consistency, minRevision: options.minRevision },
    });
    await context.io.out(body.bytes);
    // A prompt on the same line would look like part of the value.
    if (context.io.outIsTerminal && body.bytes.at(-1) !== 10) await context.io.out("\n");
    if (options.revision) {
      await context.io.err(`revision ${(headers.get("etag") ?? "").replaceAll('"', "")}\n`);
    }
  },
});
