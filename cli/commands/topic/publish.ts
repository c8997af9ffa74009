/**
 * The command `aether topic publish`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";

/** Publishes one message. */
export const command = defineCommand({
  path: ["topic", "publish"],
  summary: "Publish one message",
  arguments: {
    topic: { summary: "Name of the topic" },
    value: { summary: "The message as JSON" },
  },
  options: {
    key: { value: "TEXT", summary: "Messages with the same key are handled in order" },
  },
  examples: [{
    line: "aether topic publish numbers 7 --key sevens",
    summary: "A message with a key; JSON of an object needs quotes",
  }],
  async run({ args, options, context }) {
    const value = parse(args.value);
    const { key } = options;
    const body = await (await context.client()).call("topicPublish", {
      params: { topic: args.topic },
      body: key === undefined ? { value } : { key, value },
    });
    await context.show(
      body,
      () => `Published: partition ${body.partition}, offset ${body.offset}\n`,
    );
  },
});

function parse(text: string) {
  try {
    return JSON.parse(text);
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("USAGE", `The message is not JSON: ${reason}`, {
      hint: `Write JSON, for example '{"url": "/"}' or '"text"'`,
    });
  }
}
