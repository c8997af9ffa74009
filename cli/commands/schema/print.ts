/**
 * The command `aether schema print`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { defineCommand } from "../../command.ts";
import { editorSchema, editorSchemaNames } from "../../../src/protocol/editor/schemas.ts";

/** The JSON Schema of a file that people write. */
export const command = defineCommand({
  path: ["schema", "print"],
  summary: "Print the JSON Schema of a file, for editors",
  description: "Of slice.toml, of a blueprint, or of aether.toml. Editors that know TOML take it " +
    "from a first line such as `#:schema ./slice.schema.json`.",
  arguments: { name: { summary: "Which file", choices: editorSchemaNames } },
  options: {},
  examples: [
    {
      line: "aether schema print blueprint > blueprint.schema.json",
      summary: "A file to name in the blueprint's first line",
    },
  ],
  async run({ args, context }) {
    const schema = editorSchema(args.name);
    await context.show(schema, () => `${JSON.stringify(schema, null, 2)}\n`);
  },
});
