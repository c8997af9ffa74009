/**
 * The command `aether key create`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { AetherError } from "../../../src/base/errors.ts";
import { defineCommand } from "../../command.ts";

const roles = ["viewer", "operator", "admin"] as const;
const keyBytes = 32;

/** A new API key and the table that lets a node know it. */
export const command = defineCommand({
  path: ["key", "create"],
  summary: "Make a new API key and the configuration that accepts it",
  description: "Prints the key once; nothing stores it. The configuration holds only its SHA-256.",
  options: {
    name: { value: "NAME", summary: "Name in logs (default key-1)", parse: keyName },
    role: {
      value: "ROLE",
      summary: "viewer, operator or admin (default operator)",
      choices: roles,
    },
  },
  examples: [
    {
      line: "aether key create --name deploy-bot --role operator",
      summary: "A key for a pipeline; put the table into aether.toml",
    },
  ],
  async run({ options, context }) {
    const name = options.name ?? "key-1";
    const role = options.role ?? "operator";
    const random = crypto.getRandomValues(new Uint8Array(keyBytes));
    const key = `ae_${random.toBase64({ alphabet: "base64url", omitPadding: true })}`;
    const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key));
    const sha256 = new Uint8Array(digest).toHex();
    await context.show({ key, name, role, sha256 }, () =>
      `${key}\n\n` +
      "# Keep the key above: it is shown only now. Put this into aether.toml:\n" +
      `[[management.keys]]\nname = "${name}"\nrole = "${role}"\nsha256 = "${sha256}"\n`);
  },
});

function keyName(text: string): string {
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(text)) return text;
  const rule = 'write 1 to 63 letters, digits, ".", "_" and "-"';
  throw new AetherError("USAGE", `${JSON.stringify(text)} is not a name; ${rule}`);
}
