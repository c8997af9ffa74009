/**
 * The command `aether kv watch`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import type { WatchEvent, WatchMessage } from "../../../src/protocol/api/data/kv.ts";
import { defineCommand } from "../../command.ts";
import { wholeNumber } from "../../values.ts";

const valueShown = 200;

/** Changes as they happen. */
export const command = defineCommand({
  path: ["kv", "watch"],
  summary: "Print changes of keys as they happen, until Ctrl-C",
  description: "Every change comes once, in order, also over broken connections. With -o jsonl " +
    "each message is one line of JSON, and its revision is what --from goes on after.",
  arguments: { prefix: { summary: "Only keys that start with it", optional: true } },
  options: {
    from: {
      value: "REVISION",
      summary: "First print the changes after this revision (default: only new ones)",
      parse: wholeNumber(),
    },
  },
  examples: [
    { line: "aether kv watch shop/", summary: "Keys that start with shop/" },
    { line: "aether kv watch --from 17 -o jsonl", summary: "For a program that saw revision 17" },
  ],
  exitCodes: { 1: "Changes after --from are not kept any more" },
  async run({ args, options, context }) {
    const { followWatch } = await import("../../../src/client/watch.ts");
    const signal = context.interrupted();
    const messages = followWatch(await context.client(), {
      prefix: args.prefix ?? "",
      ...(options.from === undefined ? {} : { from: options.from }),
      signal,
      onBroken: (error) => void context.io.err(`${error.message}; connecting again\n`),
    });
    for await (const message of messages) {
      const text = context.isJson ? JSON.stringify(message) + "\n" : linesOf(message);
      if (text !== "") await context.io.out(text);
    }
  },
});

function linesOf(message: WatchMessage): string {
  if (message.type !== "change") return "";
  return message.events.map((event) => `${message.revision} ${lineOf(event)}\n`).join("");
}

function lineOf({ op, key, value = "", encoding }: WatchEvent): string {
  if (op === "delete") return `delete ${key}`;
  const shown = encoding === "base64" ? `(${value.length} characters of base64)` : quoted(value);
  return `put ${key} ${shown}`;
}

function quoted(value: string): string {
  const text = JSON.stringify(value.slice(0, valueShown));
  return value.length > valueShown ? `${text}...` : text;
}
