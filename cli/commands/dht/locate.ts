/**
 * The command `aether dht locate`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { type ScopeName, scopeNames } from "../../../src/protocol/dht/scope.ts";
import { defineCommand } from "../../command.ts";

/** Where a key is. */
export const command = defineCommand({
  path: ["dht", "locate"],
  summary: "Show which nodes own a key, and whether they hold it",
  arguments: { key: { summary: "The key; of a chunk, its SHA-256" } },
  options: { scope: { value: "NAME", summary: `${scopeNames.join(", ")} (chunks)` } },
  examples: [{ line: "aether dht locate $(sha256sum < chunk)", summary: "A chunk" }],
  async run({ args: { key }, options, context }) {
    const scope = options.scope ?? "chunks";
    if (!isScope(scope)) {
      throw new AetherError("USAGE", `"${scope}" is none of ${scopeNames.join(", ")}`);
    }
    const body = await (await context.client()).call("dhtLocate", { query: { key, scope } });
    await context.show(body, () =>
      context.fields([
        ["partition", String(body.partition)],
        ["quorums", `${body.readQuorum} read, ${body.writeQuorum} write`],
      ]) + context.table(["OWNER", "HOLDS"], body.owners.map(({ node, holds }) => [node, holds])));
  },
});

function isScope(text: string): text is ScopeName {
  return (scopeNames as readonly string[]).includes(text);
}
