import assert from "node:assert/strict";
import { below, type Files, goodSlice, withFolder } from "../../tests/fixtures/slices/temporary.ts";
import { resolveImport } from "./import_rules.ts";

const files: Files = {
  ...below("shop", goodSlice),
  "shop/lib/text.ts": "",
  "shop/lib/text.md": "",
  "shop/linked.ts": { link: "../stock/secret.ts" },
  "shop/linked": { link: "../stock" },
  "stock/contract.ts": "",
  "stock/secret.ts": "",
};

/** What an import of shop/mod.ts leads to, as text. */
async function resolved(dir: string, specifier: string, importer = "shop/mod.ts"): Promise<string> {
  const request = { specifier, importer: `${dir}/${importer}`, isRequire: false };
  const target = await resolveImport(`${dir}/shop`, request);
  if ("problem" in target) return target.problem;
  return "path" in target ? target.path.slice(dir.length + 1) : `provided ${target.provided}`;
}

Deno.test("resolveImport() allows the SDK, zod, own files and contracts of others", async () => {
  await withFolder(files, async (dir) => {
    assert.equal(await resolved(dir, "aether"), "provided aether");
    assert.equal(await resolved(dir, "zod"), "provided zod");
    assert.equal(await resolved(dir, "./lib/text.ts"), "shop/lib/text.ts");
    assert.equal(await resolved(dir, "../contract.ts", "shop/lib/text.ts"), "shop/contract.ts");
    assert.equal(await resolved(dir, "../stock/contract.ts"), "stock/contract.ts");
    assert.equal(
      await resolved(dir, "../stock/contract.ts", "shop/contract.ts"),
      "stock/contract.ts",
    );
    assert.equal(
      await resolved(dir, "../shop/contract.ts", "stock/contract.ts"),
      "shop/contract.ts",
    );
  });
});

const refused: readonly (readonly [specifier: string, reason: RegExp, importer?: string])[] = [
  ["node:fs", /"node:fs" is refused: Node's modules do not exist in a slice/],
  ["npm:hono@4", /"npm:hono@4" is refused: a slice has no packages but "aether" and "zod"/],
  ["jsr:@std/toml", /has no packages/],
  ["hono", /"hono" is refused: .*copy the code into the slice's folder/],
  ["aethr", /did you mean "aether"\?/],
  ["zod/mini", /only "zod" itself is provided/],
  ["https://e.com/x.js", /nothing is loaded from the network/],
  ["file:///etc/passwd", /absolute paths do not travel/],
  ["/etc/passwd", /absolute paths do not travel/],
  ["../stock/secret.ts", /outside the slice's folder; of other slices only contract\.ts/],
  ["../../contract.ts", /outside the slice's folder/],
  ["./secret.ts", /may import only "aether", "zod" and other contracts/, "stock/contract.ts"],
  ["../shop/mod.ts", /may import only "aether", "zod"/, "stock/contract.ts"],
  ["./missing.ts", /missing\.ts does not exist/],
  ["./contrakt.ts", /did you mean "contract\.ts"\?/],
  ["./contract", /no usable extension; write "contract\.ts"/],
  ["./lib/text.md", /only \.ts, \.mts, \.js, \.mjs, \.json files can be imported/],
  ["./linked.ts", /a symbolic link; copy the file instead/],
  ["./linked/secret.ts", /a symbolic link; copy the file instead/],
];

for (const [specifier, reason, importer] of refused) {
  Deno.test(`resolveImport() refuses ${specifier} from ${importer ?? "the slice"}`, async () => {
    await withFolder(files, async (dir) => {
      assert.match(await resolved(dir, specifier, importer), reason);
    });
  });
}

Deno.test("resolveImport() refuses every require()", async () => {
  const request = { specifier: "./a.ts", importer: "/slice/mod.ts", isRequire: true };
  assert.deepEqual(await resolveImport("/slice", request), {
    problem: 'require("./a.ts") is not available: use an import declaration',
  });
});
