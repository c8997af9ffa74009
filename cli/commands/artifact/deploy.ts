/**
 * The command `aether artifact deploy`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { artifactPrefix } from "../../../src/protocol/storage/repository_path.ts";
import { AetherError } from "../../../src/base/errors.ts";
import { uploadFile } from "../../artifact_file.ts";
import { defineCommand } from "../../command.ts";

/** Puts a file into the repository under coordinates. */
export const command = defineCommand({
  path: ["artifact", "deploy"],
  summary: "Put a file into the repository under group:name:version",
  description: "What is deployed never changes: the same bytes again are fine, other bytes under " +
    "the same coordinates are refused. Slices are better published with `aether slice publish`.",
  arguments: {
    file: { summary: "The file" },
    artifact: { summary: "Coordinates, group:name:version" },
  },
  options: {
    classifier: { value: "TEXT", summary: "For example sources" },
    extension: { value: "TEXT", summary: "Ending of the file (that of FILE)" },
  },
  examples: [
    { line: "aether artifact deploy shop.jar org.example:shop:1.0", summary: "A library" },
    {
      line: "aether artifact deploy s.zip org.example:shop:1.0 --classifier sources",
      summary: "A file beside it",
    },
  ],
  exitCodes: { 5: "Other bytes are deployed there" },
  async run({ args: { file, artifact }, options, context }) {
    const [group, name, version, ...rest] = artifact.split(":");
    if (group === undefined || name === undefined || version === undefined || rest.length > 0) {
      throw new AetherError("USAGE", `"${artifact}" is not group:name:version`);
    }
    const ending = options.extension ?? /\.([A-Za-z0-9]+)$/.exec(file)?.[1];
    if (ending === undefined) {
      throw new AetherError("USAGE", `"${file}" has no ending: name one with --extension`);
    }
    const classifier = options.classifier === undefined ? "" : `-${options.classifier}`;
    const base = `${artifactPrefix({ group, name })}${version}`;
    await uploadFile(context, `${base}/${name}-${version}${classifier}.${ending}`, file);
  },
});
