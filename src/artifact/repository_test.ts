import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { MemoryStorage } from "../base/storage.ts";
import { FileStorage } from "../io/file_storage.ts";
import { repositoryPath } from "../protocol/coordinates.ts";
import { packSlice, sha256 } from "./package.ts";
import { ArtifactRepository } from "./repository.ts";

const encoder = new TextEncoder();

/** A small slice of a version, and where it belongs. */
function echo(version: string, code = "export default 1;\n"): [path: string, bytes: Uint8Array] {
  const module = encoder.encode(code);
  const bytes = packSlice({
    module,
    manifest: {
      envelope: 1,
      artifact: `org.example:echo:${version}`,
      entry: "slice.js",
      sha256: sha256(module),
      builtWith: "0.1.0",
      definition: {
        contract: "org.example:echo",
        methods: {},
        errors: {},
        calls: [],
        resources: [],
      },
      dependencies: {},
      permissions: {},
      limits: { heapMb: 128, concurrency: 256 },
    },
  });
  return [repositoryPath({ group: "org.example", name: "echo", version }), bytes];
}

async function openMemory(storage = new MemoryStorage()) {
  return { storage, repository: await ArtifactRepository.open(storage) };
}

function blobOf(bytes: Uint8Array): string {
  return `blob-${sha256(bytes)}`;
}

Deno.test("put() stores a slice that get() answers with all checksums", async () => {
  const { repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  assert.deepEqual(await repository.put(path, bytes), {
    status: "created",
    sha256: sha256(bytes),
    warnings: [],
  });
  const file = await repository.get(path);
  assert.deepEqual(file.bytes, bytes);
  assert.equal(file.contentType, "application/zip");
  assert.equal(file.etag, `"${sha256(bytes)}"`);
  for (const kind of ["md5", "sha1", "sha256"] as const) {
    const expected = createHash(kind).update(bytes).digest("hex");
    assert.equal(file[kind], expected);
    const sum = await repository.get(`${path}.${kind}`);
    assert.equal(new TextDecoder().decode(sum.bytes), expected);
    assert.equal(sum.contentType, "text/plain; charset=utf-8");
    assert.ok(repository.exists(`${path}.${kind}`));
  }
});

Deno.test("put() answers same for the same bytes and refuses others", async () => {
  const { repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  await repository.put(path, bytes);
  assert.equal((await repository.put(path, bytes)).status, "same");
  const [, other] = echo("1.0.0", "export default 2;\n");
  await assert.rejects(repository.put(path, other), {
    name: "ARTIFACT_EXISTS",
    message: /echo-1\.0\.0\.slice" is already published with SHA-256 /,
  });
});

Deno.test("put() decides between two puts at the same time", async () => {
  const { repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  const [, other] = echo("1.0.0", "export default 2;\n");
  const outcomes = await Promise.allSettled([
    repository.put(path, bytes),
    repository.put(path, other),
    repository.put(path, bytes),
  ]);
  assert.deepEqual(outcomes.map((outcome) => outcome.status), [
    "fulfilled",
    "rejected",
    "fulfilled",
  ]);
  assert.deepEqual((await repository.get(path)).bytes, bytes);
});

Deno.test("put() refuses slices that are not what their path says", async () => {
  const { repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  const other = path.replaceAll("1.0.0", "1.0.1");
  await assert.rejects(repository.put(other, bytes), {
    name: "ARTIFACT_INVALID",
    message: /The slice is org\.example:echo:1\.0\.0, but its path/,
  });
  await assert.rejects(repository.put(path.replace(".slice", "-x.slice"), bytes), {
    name: "ARTIFACT_INVALID",
  });
  await assert.rejects(repository.put(path, encoder.encode("no zip")), {
    name: "ARTIFACT_INVALID",
    message: /no zip archive/,
  });
  assert.deepEqual(repository.list(), []);
});

Deno.test("put() refuses paths that name no artifact", async () => {
  const { repository } = await openMemory();
  const bad = [
    "",
    "echo",
    "../../etc/passwd",
    "org/echo/one/echo-one.slice",
    "org/example/echo/1.0.0/x",
  ];
  for (const path of [...bad, "org/example/echo/1.0.0/echo-1.0.0 x.txt"]) {
    await assert.rejects(repository.put(path, new Uint8Array()), {
      name: "COORDINATES_INVALID",
      message: /names no artifact: write group\/parts\/name\/version/,
    });
  }
});

Deno.test("put() compares checksums and stores none", async () => {
  const { repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  await assert.rejects(repository.put(`${path}.md5`, encoder.encode("0")), {
    name: "ARTIFACT_NOT_FOUND",
  });
  await repository.put(path, bytes);
  const sha1 = createHash("sha1").update(bytes).digest("hex");
  const line = encoder.encode(`${sha1.toUpperCase()}  echo-1.0.0.slice\n`);
  assert.equal((await repository.put(`${path}.sha1`, line)).status, "same");
  await assert.rejects(repository.put(`${path}.sha1`, encoder.encode("beef")), {
    name: "ARTIFACT_INVALID",
    message: /The sha1 of ".*" is [0-9a-f]{40}, not "beef"/,
  });
  assert.deepEqual(repository.list(), [path]);
});

Deno.test("put() names the limit of a file and of the repository", async () => {
  const repository = await ArtifactRepository.open(new MemoryStorage(), { limitBytes: 10 });
  const path = "org/example/echo/1.0.0/echo-1.0.0.txt";
  await assert.rejects(repository.put(path, new Uint8Array(64 * 1024 * 1024 + 1)), {
    name: "ARTIFACT_TOO_LARGE",
    message: /has 67108865 bytes; the limit is 67108864/,
  });
  await repository.put(path, new Uint8Array(8));
  // The same contents under another name take no room.
  await repository.put(path.replace(".txt", ".md"), new Uint8Array(8));
  await assert.rejects(repository.put(path.replace(".txt", ".json"), new Uint8Array(3)), {
    name: "STORE_FULL",
    message: /has 3 bytes, but the repository holds 8 of at most 10/,
  });
});

Deno.test("get() names what is not there", async () => {
  const { repository } = await openMemory();
  for (const path of ["org/example/echo/1.0.0/echo-1.0.0.slice", "x.md5", ""]) {
    assert.equal(repository.exists(path), false);
    await assert.rejects(repository.get(path), { name: "ARTIFACT_NOT_FOUND" });
  }
});

Deno.test("list() and versions() answer in order", async () => {
  const { repository } = await openMemory();
  for (const version of ["1.10.0", "1.2.0", "2.0.0-dev.h1", "2.0.0"]) {
    await repository.put(...echo(version));
  }
  await repository.put("org/example/echo/3.0.0/echo-3.0.0.txt", new Uint8Array());
  assert.deepEqual(repository.versions("org.example:echo"), [
    "1.2.0",
    "1.10.0",
    "2.0.0-dev.h1",
    "2.0.0",
  ]);
  assert.deepEqual(repository.versions("org.example:ech"), []);
  assert.equal(repository.list("org/example/echo/2").length, 2);
  assert.deepEqual(repository.list("", 1), ["org/example/echo/1.10.0/echo-1.10.0.slice"]);
});

Deno.test("resolve() takes the newest version in the range", async () => {
  const { repository } = await openMemory();
  for (const version of ["1.10.0", "1.2.0", "2.0.0", "2.1.0-dev.h1"]) {
    await repository.put(...echo(version));
  }
  const resolved = async (range: string) =>
    (await repository.resolve("org.example:echo", range)).artifact;
  assert.equal(await resolved("^1.0.0"), "org.example:echo:1.10.0");
  assert.equal(await resolved(">=1.0.0"), "org.example:echo:2.0.0");
  assert.equal(await resolved("2.1.0-dev.h1"), "org.example:echo:2.1.0-dev.h1");
  await assert.rejects(resolved("^3.0.0"), {
    name: "DEPENDENCY_MISSING",
    message: /No version of org\.example:echo is in \^3\.0\.0: published are 1\.2\.0, /,
  });
  await assert.rejects(repository.resolve("org.example:none", "*"), {
    name: "DEPENDENCY_MISSING",
    message: /nothing is published/,
  });
});

Deno.test("open() finds what was stored before, and drops what a crash left behind", async () => {
  const { storage, repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  await repository.put(path, bytes);
  await storage.writeAtomic(`blob-${"0".repeat(64)}`, [Uint8Array.of(1)]);
  const again = await ArtifactRepository.open(storage);
  assert.deepEqual(again.problems, []);
  assert.deepEqual((await again.get(path)).bytes, bytes);
  assert.deepEqual(
    await storage.list(),
    [blobOf(bytes), ...await storage.list()].filter(
      (name, index, all) => all.indexOf(name) === index && name !== `blob-${"0".repeat(64)}`,
    ),
  );
});

Deno.test("put() is whole or absent after a power cut at any moment", async () => {
  const [path, bytes] = echo("1.0.0");
  let wholeCount = 0;
  for (let steps = 0; steps < bytes.length + 1200; steps += 37) {
    const { storage, repository } = await openMemory();
    storage.crashAfterSteps(steps);
    const wasStored = await repository.put(path, bytes).then(() => true, () => false);
    storage.crash();
    storage.restart();
    const { repository: again } = await openMemory(storage);
    assert.deepEqual(again.problems, []);
    if (wasStored) assert.ok(again.exists(path), `lost after ${steps} steps`);
    if (again.exists(path)) {
      wholeCount++;
      assert.deepEqual((await again.get(path)).bytes, bytes);
    } else {
      assert.equal((await again.put(path, bytes)).status, "created");
    }
  }
  assert.ok(wholeCount > 0);
});

Deno.test("get() notices damaged contents, and another put repairs them", async () => {
  const { storage, repository } = await openMemory();
  const [path, bytes] = echo("1.0.0");
  await repository.put(path, bytes);
  storage.corrupt(blobOf(bytes), 10);
  await assert.rejects(repository.get(path), {
    name: "STORAGE_CORRUPT",
    message: /contents of ".*echo-1\.0\.0\.slice" are damaged/,
  });
  assert.equal((await repository.put(path, bytes)).status, "same");
  assert.deepEqual((await repository.get(path)).bytes, bytes);
  await storage.remove(blobOf(bytes));
  await assert.rejects(repository.get(path), { name: "STORAGE_CORRUPT", message: /are missing/ });
});

Deno.test("open() reports damaged index records and keeps the rest", async () => {
  const { storage, repository } = await openMemory();
  await repository.put(...echo("1.0.0"));
  const [path, bytes] = echo("2.0.0", "export default 2;\n");
  await repository.put(path, bytes);
  const record = `index-${sha256(encoder.encode(path))}.json`;
  storage.corrupt(record, 0);
  const again = await ArtifactRepository.open(storage);
  assert.deepEqual(again.problems, [`${record} is damaged; publish its artifact again`]);
  assert.deepEqual(again.versions("org.example:echo"), ["1.0.0"]);
  assert.ok((await storage.list()).includes(blobOf(bytes)), "The contents are kept");
  assert.equal((await again.put(path, bytes)).status, "created");
  assert.deepEqual((await ArtifactRepository.open(storage)).problems, []);
});

Deno.test("ArtifactRepository survives a restart on a real disk", async () => {
  const dir = await Deno.makeTempDir({ prefix: "aether-test-" });
  const [path, bytes] = echo("1.0.0");
  try {
    const first = await FileStorage.open(dir);
    await (await ArtifactRepository.open(first)).put(path, bytes);
    await first.close();
    await Deno.writeFile(`${dir}/blob-half.tmp`, Uint8Array.of(1));
    const second = await FileStorage.open(dir);
    const repository = await ArtifactRepository.open(second);
    assert.deepEqual((await repository.get(path)).bytes, bytes);
    assert.deepEqual(repository.problems, []);
    await second.close();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});
