import assert from "node:assert/strict";
import { join } from "node:path";
import { fileSecrets } from "./file_secrets.ts";

async function withFolder(run: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await Deno.mkdir(join(folder, "secrets", "db"), { recursive: true });
    await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("fileSecrets() reads files below the directory and cuts one line break", async () => {
  await withFolder(async (folder) => {
    const provider = fileSecrets(join(folder, "secrets"));
    await Deno.writeTextFile(join(folder, "secrets/db/password"), "a\nb\n\n");
    await Deno.writeTextFile(join(folder, "secrets/windows"), "a\r\n");
    await Deno.writeTextFile(join(folder, "secrets/empty"), "");
    assert.equal(await provider.read("db/password"), "a\nb\n");
    assert.equal(await provider.read("windows"), "a");
    assert.equal(await provider.read("empty"), "");
    assert.match(provider.place, /^the folder ".*secrets"$/);
  });
});

Deno.test("fileSecrets() finds nothing where nothing is", async () => {
  await withFolder(async (folder) => {
    const provider = fileSecrets(join(folder, "secrets"));
    await Deno.writeTextFile(join(folder, "secrets/file"), "x");
    assert.equal(await provider.read("nope"), undefined);
    assert.equal(await provider.read("file/below"), undefined);
    assert.equal(await fileSecrets(join(folder, "nowhere")).read("x"), undefined);
  });
});

Deno.test("fileSecrets() follows links inside of the directory", async () => {
  await withFolder(async (folder) => {
    await Deno.mkdir(join(folder, "secrets/..2024"));
    await Deno.writeTextFile(join(folder, "secrets/..2024/token"), "t");
    await Deno.symlink("..2024", join(folder, "secrets/..data"));
    await Deno.symlink("..data/token", join(folder, "secrets/token"));
    assert.equal(await fileSecrets(join(folder, "secrets")).read("token"), "t");
  });
});

Deno.test("fileSecrets() refuses every way out of the directory", async () => {
  await withFolder(async (folder) => {
    const provider = fileSecrets(join(folder, "secrets"));
    await Deno.writeTextFile(join(folder, "outside"), "x");
    await Deno.symlink(join(folder, "outside"), join(folder, "secrets/link"));
    await Deno.symlink(folder, join(folder, "secrets/up"));
    for (const name of ["../outside", "db/../../outside", join(folder, "outside"), ""]) {
      await assert.rejects(provider.read(name), {
        name: "SECRET_MISSING",
        code: "E1006",
        message: new RegExp(`^Secret "${name}" is not a path below `),
      });
    }
    for (const name of ["link", "up/outside", "up"]) {
      await assert.rejects(provider.read(name), {
        name: "SECRET_MISSING",
        message: /is a link to outside of ".*"; put the file into the folder$/,
      });
    }
  });
});

Deno.test("fileSecrets() refuses folders, binary data, and more than 64 KiB", async () => {
  await withFolder(async (folder) => {
    const provider = fileSecrets(join(folder, "secrets"));
    const write = (name: string, bytes: Uint8Array) =>
      Deno.writeFile(join(folder, "secrets", name), bytes);
    await write("binary", new Uint8Array([0xff, 0xfe, 0x00]));
    await write("most", new Uint8Array(65_536 + 1).fill(10, 65_536).fill(97, 0, 65_536));
    await write("more", new Uint8Array(65_537).fill(97));
    await write("huge", new Uint8Array(1_000_000).fill(0xc3));
    await assert.rejects(provider.read("db"), /Secret "db" is not a file; name the file itself/);
    await assert.rejects(provider.read("binary"), /is not UTF-8 text; store it as text/);
    assert.equal((await provider.read("most"))?.length, 65_536);
    await assert.rejects(provider.read("more"), /is larger than 65536 bytes; check the file/);
    await assert.rejects(provider.read("huge"), /is larger than 65536 bytes; check the file/);
  });
});
