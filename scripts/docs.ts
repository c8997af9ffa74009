/**
 * `deno run -A scripts/docs.ts`: writes the documents that are generated from code.
 *
 * Tests beside the generators fail when a document is not up to date.
 *
 * @module
 */
import { fileURLToPath } from "node:url";
import { renderReference } from "../cli/reference.ts";

const documents: Readonly<Record<string, () => string>> = {
  "docs/reference/cli.md": renderReference,
};

if (import.meta.main) {
  const root = fileURLToPath(new URL("..", import.meta.url));
  for (const [path, render] of Object.entries(documents)) {
    await Deno.mkdir(`${root}docs/reference`, { recursive: true });
    await Deno.writeTextFile(root + path, render());
    console.log(path);
  }
}
