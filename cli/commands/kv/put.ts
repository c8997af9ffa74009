/**
 * The command `aether kv put`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { limits } from "../../../src/protocol/limits.ts";
import { defineCommand } from "../../command.ts";
import { type CliIo, readInput } from "../../io.ts";
import { wholeNumber } from "../../values.ts";

/** Writes a key. */
export const command = defineCommand({
  path: ["kv", "put"],
  summary: "Write a key; the value is an argument, a file or standard input",
  arguments: {
    key: { summary: "The key, for example shop/limits" },
    value: { summary: "The value as text", optional: true },
  },
  options: {
    file: { value: "FILE", summary: "Take the value from a file, - for standard input" },
    contentType: { value: "TYPE", summary: "Content type of the value (default by its source)" },
    ifRevision: {
      value: "N",
      summary: "Only when the key still has this revision",
      parse: wholeNumber(),
    },
    ifAbsent: { summary: "Only when the key does not exist" },
    idempotencyKey: {
      value: "KEY",
      summary: "Makes it safe to run the same command again: within ten minutes it is done once",
    },
  },
  examples: [
    { line: "aether kv put greeting hello", summary: "A short text" },
    { line: "aether kv put shop/logo --file logo.png --content-type image/png", summary: "A file" },
    { line: "date | aether kv put last-run", summary: "The output of a program" },
    { line: "aether kv put lock me --if-absent", summary: "Only the first one succeeds" },
  ],
  exitCodes: { 5: "The key does not have the expected revision, or exists" },
  async run({ args, options, context }) {
    if (options.ifAbsent && options.ifRevision !== undefined) {
      throw usage("--if-absent and --if-revision exclude each other; leave one out");
    }
    const isText = args.value !== undefined;
    const bytes = await readValue(context.io, args.value, options.file);
    const body = await (await context.client()).call("kvPut", {
      params: { key: args.key },
      headers: {
        "if-match": options.ifRevision === undefined ? undefined : `"${options.ifRevision}"`,
        "if-none-match": options.ifAbsent ? "*" : undefined,
        "idempotency-key": options.idempotencyKey,
      },
      body: {
        bytes,
        contentType: options.contentType ??
          (isText ? "text/plain; charset=utf-8" : "application/octet-stream"),
      },
    });
    await context.show(body, () => `${body.key} has revision ${body.revision}\n`);
  },
});

async function readValue(
  io: CliIo,
  value: string | undefined,
  file: string | undefined,
): Promise<Uint8Array> {
  if (value !== undefined && file !== undefined) {
    throw usage(`Both a value and --file ${file} are given; leave one out`);
  }
  if (value !== undefined) return new TextEncoder().encode(value);
  if (file === undefined && io.stdinIsTerminal) {
    throw usage("The value is missing; give it as an argument, with --file or on standard input");
  }
  return await readInput(io, file ?? "-", limits.kvValueBytes);
}

function usage(message: string): AetherError {
  return new AetherError("USAGE", message);
}
