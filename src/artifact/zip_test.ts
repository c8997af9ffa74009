import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import { openZip, writeZip } from "./zip.ts";

const limits = { entriesMax: 8, totalBytes: 1024 * 1024 };
const encoder = new TextEncoder();

function archive(): Uint8Array<ArrayBuffer> {
  return writeZip({ "b.txt": encoder.encode("bee".repeat(100)), "a.txt": encoder.encode("a") });
}

/** Offset of the n-th record with a signature. */
function find(bytes: Uint8Array, signature: number, index = 0): number {
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  for (let at = 0, found = 0; at + 4 <= bytes.length; at++) {
    if (view.getUint32(at, true) === signature && found++ === index) return at;
  }
  throw new RangeError("No such record");
}

const central = 0x02014b50;
const local = 0x04034b50;

function refusal(bytes: Uint8Array, name: string, message: RegExp): void {
  assert.throws(() => openZip(bytes, limits).map((entry) => entry.read()), (error) => {
    assert.ok(error instanceof AetherError);
    assert.equal(error.name, name);
    assert.match(error.message, message);
    return true;
  });
}

Deno.test("writeZip() sorts names and gives the same bytes for the same contents", () => {
  const other = writeZip({
    "a.txt": encoder.encode("a"),
    "b.txt": encoder.encode("bee".repeat(100)),
  });
  assert.deepEqual(archive(), other);
  assert.deepEqual(openZip(other, limits).map((entry) => entry.name), ["a.txt", "b.txt"]);
});

Deno.test("openZip() reads what writeZip() wrote, the empty file too", () => {
  const bytes = writeZip({ "dir/empty": new Uint8Array(), "x": encoder.encode("x".repeat(5000)) });
  const [empty, x] = openZip(bytes, limits);
  assert.equal(empty?.read().length, 0);
  assert.equal(new TextDecoder().decode(x?.read()), "x".repeat(5000));
});

Deno.test("openZip() refuses what is no archive, or cut off", () => {
  refusal(new Uint8Array(), "ARTIFACT_INVALID", /no zip archive/);
  refusal(encoder.encode("x".repeat(100)), "ARTIFACT_INVALID", /no zip archive/);
  refusal(archive().subarray(0, -1), "ARTIFACT_INVALID", /no zip archive/);
  refusal(archive().subarray(1), "ARTIFACT_INVALID", /directory is damaged/);
});

Deno.test("openZip() refuses too many files and too large a total before it inflates", () => {
  const many = Object.fromEntries(
    Array.from({ length: 9 }, (_, index) => [`f${index}`, new Uint8Array(1)]),
  );
  refusal(writeZip(many), "ARTIFACT_TOO_LARGE", /has 9 files; the limit is 8/);
  refusal(
    writeZip({ zeros: new Uint8Array(limits.totalBytes + 1) }),
    "ARTIFACT_TOO_LARGE",
    /unpacks to 1048577 bytes; the limit is 1048576/,
  );
});

Deno.test("openZip() stops inflating at the declared size", () => {
  const bytes = writeZip({ zeros: new Uint8Array(512 * 1024) });
  new DataView(bytes.buffer).setUint32(find(bytes, central) + 24, 16, true);
  refusal(bytes, "ARTIFACT_INVALID", /"zeros" is damaged or larger than declared/);
});

Deno.test("openZip() refuses names that lead elsewhere", () => {
  for (
    const name of ["/etc/passwd", "../up", "a/../../up", "a//b", "dir/", "C:x", "a\\b", "a\nb"]
  ) {
    refusal(writeZip({ [name]: new Uint8Array(1) }), "ARTIFACT_INVALID", /plain relative paths/);
  }
});

Deno.test("openZip() refuses duplicates, symbolic links and encryption", () => {
  const twice = writeZip({ aa: new Uint8Array(1), ab: new Uint8Array(1) });
  // Renames the second file, in both headers.
  twice[find(twice, central, 1) + 46 + 1] = 0x61;
  twice[find(twice, local, 1) + 30 + 1] = 0x61;
  refusal(twice, "ARTIFACT_INVALID", /holds "aa" twice/);
  const link = archive();
  new DataView(link.buffer).setUint32(find(link, central) + 38, 0xa1ff0000, true);
  refusal(link, "ARTIFACT_INVALID", /"a\.txt" is a symbolic link/);
  const secret = archive();
  new DataView(secret.buffer).setUint16(find(secret, central) + 8, 1, true);
  refusal(secret, "ARTIFACT_INVALID", /"a\.txt" is encrypted/);
});

Deno.test("openZip() refuses headers that disagree and unknown compression", () => {
  const renamed = archive();
  renamed[find(renamed, local) + 30] = 0x7a;
  refusal(renamed, "ARTIFACT_INVALID", /another name/);
  const method = archive();
  new DataView(method.buffer).setUint16(find(method, central) + 10, 12, true);
  refusal(method, "ARTIFACT_INVALID", /compression method 12/);
  const checksum = archive();
  new DataView(checksum.buffer).setUint32(find(checksum, central) + 16, 1, true);
  refusal(checksum, "ARTIFACT_INVALID", /checksum does not match/);
});
