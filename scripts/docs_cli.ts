/**
 * Writes `docs/reference/cli.md` from the command objects.
 *
 * Run `deno run -A scripts/docs_cli.ts` after a change of a command; a test compares the two.
 *
 * @module
 */
import { renderReference } from "../cli/reference.ts";

await Deno.writeTextFile(
  new URL("../docs/reference/cli.md", import.meta.url),
  renderReference(),
);
