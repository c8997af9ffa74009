/**
 * The planted bugs still fit the source, so that `deno task sim --planted` can plant them.
 *
 * @module
 */
import assert from "node:assert/strict";
import { consensus } from "../consensus.ts";
import { dht } from "../dht/machine.ts";

Deno.test("every planted bug changes text that stands exactly once in its file", async () => {
  for (const { name, changes } of [...consensus.bugs, ...dht.bugs]) {
    for (const { file, find, replace } of changes) {
      const text = await Deno.readTextFile(new URL(`../../../${file}`, import.meta.url));
      assert.equal(text.split(find).length, 2, `${name}: ${file}`);
      assert.notEqual(find, replace);
    }
  }
});
