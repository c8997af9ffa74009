/**
 * The command `aether artifact push`; `cli/commands.ts` lists it and `cli/run.ts` runs it.
 *
 * @module
 */
import { uploadFile } from "../../artifact_file.ts";
import { defineCommand } from "../../command.ts";

/** Puts a file into the repository under a path. */
export const command = defineCommand({
  path: ["artifact", "push"],
  summary: "Put a file into the repository under its Maven-style path",
  description: "A path that ends in .md5, .sha1 or .sha256 stores nothing: the checksum is " +
    "compared with that of the file.",
  arguments: {
    file: { summary: "The file" },
    path: { summary: "group/parts/name/version/name-version.extension" },
  },
  examples: [{
    line: "aether artifact push shop.pom org/example/shop/1.0/shop-1.0.pom",
    summary: "A POM",
  }],
  exitCodes: { 5: "Other bytes are stored there" },
  run: ({ args: { file, path }, context }) => uploadFile(context, path, file),
});
