/**
 * Writes `docs/reference/configuration.md` from the configuration schema.
 *
 * Run `deno run -A scripts/docs_config.ts` after a change of the schema; a test compares the two.
 *
 * @module
 */
import { configReference } from "../src/protocol/config/reference.ts";

await Deno.writeTextFile(
  new URL("../docs/reference/configuration.md", import.meta.url),
  configReference(),
);
