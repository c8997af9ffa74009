import assert from "node:assert/strict";
import { join } from "node:path";
import { readWorkspace, withVersions } from "./workspace.ts";

/** Makes a folder with these files, runs `use`, and removes it. */
async function withFolder(
  files: Readonly<Record<string, string>>,
  use: (root: string) => Promise<void>,
): Promise<void> {
  const temporary = await Deno.makeTempDir({ prefix: "aether-workspace-" });
  const root = join(temporary, "My Shop");
  try {
    for (const [path, text] of Object.entries(files)) {
      await Deno.mkdir(join(root, path, ".."), { recursive: true });
      await Deno.writeTextFile(join(root, path), text);
    }
    await use(root);
  } finally {
    await Deno.remove(temporary, { recursive: true });
  }
}

function slice(name: string, version = "1.0.0", needs = ""): string {
  const dependencies = needs === "" ? "" : `[dependencies]\n"org.a:${needs}" = "^1.0.0"\n`;
  return `artifact = "org.a:${name}:${version}"\n${dependencies}`;
}

Deno.test("readWorkspace() makes a blueprint for a single slice", async () => {
  const files = { "slice.toml": slice("shop"), "mod.ts": "" };
  await withFolder(files, async (root) => {
    const { slices, blueprint } = await readWorkspace(root);
    assert.deepEqual(slices.map(({ dir }) => dir), [root]);
    const expected =
      'id = "local.dev:my-shop:1.0.0"\n\n[[slices]]\nartifact = "org.a:shop:1.0.0"\n';
    assert.equal(blueprint, expected);
  });
});

Deno.test("readWorkspace() takes what a blueprint lists and needs", async () => {
  const text = 'id = "org.a:app:1.0.0"\n[[slices]]\nartifact = "org.a:shop:9.0.0"\n';
  const files = {
    "blueprint.toml": text,
    "a/slice.toml": slice("shop", "1.0.0", "stock"),
    "a/mod.ts": "",
    "b/slice.toml": slice("stock"),
    "b/mod.ts": "",
    "c/slice.toml": slice("other"),
    "c/mod.ts": "",
    ".git/slice.toml": "not TOML",
  };
  await withFolder(files, async (root) => {
    const { slices, blueprint } = await readWorkspace(root);
    assert.deepEqual(slices.map(({ artifact }) => artifact), [
      "org.a:shop:1.0.0",
      "org.a:stock:1.0.0",
    ]);
    assert.equal(blueprint, `${text}\n[[slices]]\nartifact = "org.a:stock:1.0.0"\n`);
  });
});

Deno.test("readWorkspace() takes the newest of several versions without a blueprint", async () => {
  const files = {
    "one/slice.toml": slice("echo"),
    "one/mod.ts": "",
    "two/slice.toml": slice("echo", "2.0.0"),
    "two/mod.ts": "",
  };
  await withFolder(files, async (root) => {
    const { slices } = await readWorkspace(root);
    assert.deepEqual(slices.map(({ artifact }) => artifact), ["org.a:echo:2.0.0"]);
  });
});

Deno.test("readWorkspace() names a folder that is absent or holds no slice", async () => {
  await withFolder({ "readme.md": "" }, async (root) => {
    await assert.rejects(readWorkspace(root), {
      name: "FILE_UNREADABLE",
      message: `There is no slice.toml in ${root} or right below it`,
    });
    await assert.rejects(readWorkspace(join(root, "no")), {
      name: "FILE_UNREADABLE",
      message: `The folder ${join(root, "no")} does not exist`,
    });
  });
});

Deno.test("withVersions() replaces exact versions first, and the only folder of a slice", () => {
  const text =
    `artifact = "org.a:echo:1.0.0"\nartifact='org.a:shop:7.0.0'\nid = "org.a:shop:1.0.0"`;
  const versions = new Map([
    ["org.a:echo:1.0.0", "org.a:echo:1.0.0-dev.a"],
    ["org.a:echo:2.0.0", "org.a:echo:2.0.0-dev.b"],
    ["org.a:shop:1.0.0", "org.a:shop:1.0.0-dev.c"],
  ]);
  assert.equal(
    withVersions(text, versions),
    `artifact = "org.a:echo:1.0.0-dev.a"\nartifact="org.a:shop:1.0.0-dev.c"\n` +
      `id = "org.a:shop:1.0.0"`,
  );
});
