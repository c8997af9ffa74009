import assert from "node:assert/strict";
import type { Core } from "../core.ts";
import type { StorageReply } from "../types.ts";
import { listRange } from "./listing.ts";

/** Lists a range of a storage that gives so many keys at a time; undefined: it fails. */
function listed(keys: readonly string[], from: string, to: string, pageMax: number | undefined) {
  const asked: string[] = [];
  const store = (
    request: { readonly after: string },
    then: (reply: StorageReply) => void,
  ): void => {
    asked.push(request.after);
    if (pageMax === undefined) return then({ op: "failed", cause: "io" });
    const rest = keys.filter((key) => key > request.after);
    const page = rest.slice(0, pageMax).map((key) => ({
      key,
      version: { timeMs: 1, counter: 0, writer: "n1" },
    }));
    then({ op: "list", listed: page as never, isLast: rest.length <= pageMax });
  };
  let found: string[] | undefined;
  const core = { store } as unknown as Core;
  listRange(core, { scope: "artifacts" as never, partition: 1 }, { from, to }, (versions) => {
    found = versions && [...versions.keys()];
  });
  return { found, asked };
}

const keys = ["a", "b", "ba", "bb", "c", "d"];

Deno.test("listRange() reads page after page, and none behind the range", () => {
  assert.deepEqual(listed(keys, "a", "d", 4), { found: keys, asked: ["", "bb"] });
  assert.deepEqual(listed(keys, "a", "bb", 2).asked, ["", "b"]);
  assert.deepEqual(listed([], "a", "d", 2), { found: [], asked: [""] });
});

Deno.test("listRange() begins before the first key of the range", () => {
  const { found, asked } = listed(keys, "ba", "bb", 9);
  assert.deepEqual(asked, ["b"]);
  assert.ok(found?.includes("ba") && found.includes("bb"));
});

Deno.test("listRange() answers nothing when the storage fails", () => {
  assert.equal(listed(keys, "a", "d", undefined).found, undefined);
});
