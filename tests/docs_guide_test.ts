import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { renderOrderShop } from "../scripts/docs_guide.ts";
import { parseSliceToml } from "../src/artifact/slice_toml.ts";
import { parseBlueprint } from "../src/deployment/parse_blueprint.ts";
import { readConfig } from "../src/protocol/config/read.ts";
import { withFolder } from "./fixtures/slices/temporary.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const guide = join(root, "docs/guide");

/** Pages whose blocks e2e/guide_test.ts runs. */
const executed = ["order-shop.md", "first-slice.md"];

interface Block {
  readonly page: string;
  readonly info: string;
  readonly text: string;
}

async function blocks(): Promise<Block[]> {
  const found: Block[] = [];
  for await (const { name: page } of Deno.readDir(guide)) {
    if (executed.includes(page)) continue;
    const text = await Deno.readTextFile(join(guide, page));
    for (const [, info = "", body = ""] of text.matchAll(/^```(.*)\n([^]*?)^```$/gm)) {
      found.push({ page, info, text: body });
    }
  }
  return found;
}

/** How a file in a block is checked. */
const checks: Readonly<Record<string, (text: string) => unknown>> = {
  "toml slice.toml": parseSliceToml,
  "toml blueprint.toml": parseBlueprint,
  "toml aether.toml": (text) =>
    readConfig({
      file: { name: "aether.toml", text },
      env: {},
      flags: {},
      secretsIn: () => ({ place: "the test", read: () => Promise.resolve("x") }),
    }),
};

Deno.test("docs/guide/order-shop.md shows the files of slices/order-shop", async () => {
  const written = await Deno.readTextFile(join(guide, "order-shop.md"));
  assert.ok(written === await renderOrderShop(), "Run `deno run -A scripts/docs_guide.ts`");
});

Deno.test("docs/guide: every file in a block is valid", async () => {
  const files = (await blocks()).filter(({ info }) => info !== "ts");
  assert.ok(files.length >= 6);
  for (const { page, info, text } of files) {
    const check = checks[info] ?? assert.fail(`${page} has a block "${info}", which no test runs`);
    await check(text);
  }
});

Deno.test("docs/guide: every module in a block compiles, and its tests pass", async () => {
  const modules = (await blocks()).filter(({ info }) => info === "ts");
  assert.ok(modules.length >= 7);
  const files = Object.fromEntries(
    modules.map(({ page, text }, index) => [`${page}_${index}_test.ts`, text]),
  );
  await withFolder(files, async (dir) => {
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--no-lock", "--config", join(root, "deno.json"), "--allow-env"],
        ...Object.keys(files).map((name) => join(dir, name)),
      ],
      cwd: dir,
      env: { NO_COLOR: "1" },
    }).output();
    const text = new TextDecoder().decode(stdout) + new TextDecoder().decode(stderr);
    assert.ok(success, text);
    assert.match(text, /ok \| \d+ passed/);
  });
});
