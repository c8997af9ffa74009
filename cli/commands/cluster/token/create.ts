/**
 * The command `aether cluster token create`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../../command.ts";
import { duration } from "../../../values.ts";

/** A token for one new node. */
export const command = defineCommand({
  path: ["cluster", "token", "create"],
  summary: "Make a token with which one new node gets a certificate",
  description: "The token is shown once and works once. The node that is asked needs " +
    "tls.issuerKey; without it, make certificates with `aether tls issue`",
  options: {
    ttl: { value: "DURATION", summary: "Time until it expires (1h; 1m to 7d)", parse: duration },
    node: { value: "ID", summary: "Only this node may use it" },
  },
  examples: [
    { line: "aether cluster token create --ttl 15m --node n4", summary: "For node n4" },
  ],
  exitCodes: { 5: "The node cannot make certificates" },
  async run({ options, context }) {
    const client = await context.client();
    const { ttl, node } = options;
    const made = await client.call("joinTokenCreate", {
      body: {
        ...(ttl === undefined ? {} : { ttlMs: ttl }),
        ...(node === undefined ? {} : { node }),
      },
    });
    await context.show(made, () =>
      `${made.token}\n\n` +
      `# It works once, until ${new Date(made.expiresAtMs).toISOString()}. On the new node:\n` +
      `AETHER_JOIN_TOKEN=${made.token} aether node start --join HOST:8090 ` +
      `--node-id ${made.node ?? "ID"} --data-dir DIR\n`);
  },
});
