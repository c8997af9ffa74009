import assert from "node:assert/strict";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { FileStorage } from "./file_storage.ts";

async function withDirectory(test: (directory: string) => Promise<void>): Promise<void> {
  const directory = await Deno.makeTempDir();
  try {
    await test(directory);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
}

Deno.test("FileStorage.open() refuses a directory in use, naming it and the process", async () => {
  await withDirectory(async (directory) => {
    const first = await FileStorage.open(directory);
    await assert.rejects(FileStorage.open(directory), {
      name: "STORAGE_LOCKED",
      message: `Data directory "${directory}" is in use by process ${Deno.pid}`,
    });
    await first.close();
    const second = await FileStorage.open(directory);
    await second.close();
  });
});

Deno.test("FileStorage.open() makes missing directories, for this user only", async () => {
  await withDirectory(async (directory) => {
    const path = join(directory, "a", "b", "data");
    const storage = await FileStorage.open(path);
    await storage.writeAtomic("a.bin", [Uint8Array.of(1)]);
    await storage.close();
    assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o700);
    assert.equal(((await Deno.stat(join(path, "a.bin"))).mode ?? 0) & 0o777, 0o600);
  });
});

Deno.test("FileStorage.open() removes half-written files and leaves others alone", async () => {
  await withDirectory(async (directory) => {
    for (const name of ["snap-1.bin.tmp", "meta.json", "Notes.txt"]) {
      await Deno.writeTextFile(join(directory, name), "x");
    }
    await Deno.mkdir(join(directory, "artifacts"));
    const storage = await FileStorage.open(directory);
    assert.deepEqual(await storage.list(), ["meta.json"]);
    await storage.close();
    const left = [...Deno.readDirSync(directory)].map((entry) => entry.name).sort();
    assert.deepEqual(left, ["LOCK", "Notes.txt", "artifacts", "meta.json"]);
  });
});

Deno.test("FileStorage.open() names a path that is no usable directory, and why", async () => {
  await withDirectory(async (directory) => {
    const file = join(directory, "file");
    await Deno.writeTextFile(file, "x");
    for (const path of [file, join(file, "data")]) {
      await assert.rejects(FileStorage.open(path), (thrown: Error) => {
        assert.equal(thrown.name, "FILE_UNREADABLE");
        assert.match(thrown.message, /^Data directory ".*" cannot be used: .+/);
        return thrown.message.includes(`"${path}"`);
      });
    }
  });
});

Deno.test("FileStorage.writeAtomic() leaves nothing behind when it fails", async () => {
  await withDirectory(async (directory) => {
    const storage = await FileStorage.open(directory);
    await Deno.mkdir(join(directory, "a.bin")); // a file cannot be renamed over a directory
    await assert.rejects(storage.writeAtomic("a.bin", [Uint8Array.of(1)]), {
      name: "STORAGE_FAILED",
      message: /^Writing ".*a\.bin" failed: /,
    });
    assert.deepEqual([...Deno.readDirSync(directory)].map((entry) => entry.name).sort(), [
      "LOCK",
      "a.bin",
    ]);
    await storage.close();
  });
});

Deno.test("FileStorage files fail with STORAGE_FAILED and the path on a full disk", async () => {
  // Writing to this device fails as a full disk does.
  await withDirectory(async (directory) => {
    await Deno.symlink("/dev/full", join(directory, "a.log"));
    const storage = await FileStorage.open(directory);
    const file = await storage.openAppend("a.log");
    assert.throws(() => file.append(Uint8Array.of(1)), {
      name: "STORAGE_FAILED",
      message: /^Writing ".*a\.log" failed: No space left on device/,
    });
    file.close();
    await storage.close();
  });
});

Deno.test("FileStorage files fail on a full disk only when the bytes themselves do not fit", async () => {
  await withDirectory(async (directory) => {
    // A limit of 32 blocks for every file, far below the reserve, behaves as a full disk does.
    const writer = fileURLToPath(
      new URL("../../tests/fixtures/reserve_writer.ts", import.meta.url),
    );
    const { stdout, stderr } = await new Deno.Command("sh", {
      args: [
        ...["-c", `trap "" XFSZ; ulimit -f 32; exec "$@"`, "sh", Deno.execPath()],
        ...["run", "--no-check", "--allow-read", "--allow-write", writer, directory],
      ],
    }).output();
    const printed = new TextDecoder().decode(stdout);
    const [first = "", ...rest] = printed.trim().split("\n");
    // Shells count in blocks of 512 or 1024 bytes.
    const sizeBytes = Number(first);
    assert.ok(
      [16 * 1024, 32 * 1024].includes(sizeBytes),
      `${printed}${new TextDecoder().decode(stderr)}`,
    );
    assert.match(rest.join(), /^STORAGE_FAILED: Writing ".*a\.log" failed: /);
    assert.equal((await Deno.stat(join(directory, "a.log"))).size, sizeBytes);
    const written = await Deno.readFile(join(directory, "a.log"));
    assert.ok(written.every((byte) => byte === 1), "The reserve was in the way");
  });
});
