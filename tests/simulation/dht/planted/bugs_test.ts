/**
 * The planted bugs of the DHT still fit the source.
 *
 * @module
 */
import assert from "node:assert/strict";
import { plantedDhtBugs } from "./bugs.ts";

Deno.test("every planted bug of the DHT changes text that stands exactly once", async () => {
  for (const { name, changes } of plantedDhtBugs) {
    for (const { file, find, replace } of changes) {
      const text = await Deno.readTextFile(new URL(`../../../../${file}`, import.meta.url));
      assert.equal(text.split(find).length, 2, `${name}: ${file}`);
      assert.notEqual(find, replace);
    }
  }
});
