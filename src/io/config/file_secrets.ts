/**
 * Secrets as files below one directory, as Kubernetes, systemd and Docker mount them.
 *
 * A {@link SecretProvider} for `${secrets:path}`. Nothing outside of the directory is
 * read, not even through symbolic links.
 *
 * @module
 */
import { isAbsolute, join, relative, sep } from "node:path";
import { AetherError } from "../../base/errors.ts";
import type { SecretProvider } from "../../protocol/config/secrets.ts";

/** Largest secret. */
const secretBytesMax = 64 * 1024;

/**
 * A provider that reads the file at a path below the directory, without its last line break.
 *
 * Its `read` throws `SECRET_MISSING` for what is not a readable text file of at most 64 KiB inside
 * of the directory.
 */
export function fileSecrets(directory: string): SecretProvider {
  return {
    place: `the folder "${directory}"`,
    read: (name) => readSecret(directory, name),
  };
}

async function readSecret(directory: string, name: string): Promise<string | undefined> {
  refuse(isOutside(name), name, `is not a path below "${directory}"; write it without ".."`);
  try {
    const root = await Deno.realPath(directory);
    const path = await Deno.realPath(join(root, name));
    refuse(
      isOutside(relative(root, path)),
      name,
      `is a link to outside of "${directory}"; put the file into the folder`,
    );
    return await readText(path, name);
  } catch (error) {
    if (error instanceof AetherError) throw error;
    if (error instanceof Deno.errors.NotFound) return undefined;
    // A file where the path needs a folder: there is no such secret either.
    if (error instanceof Deno.errors.NotADirectory) return undefined;
    const reason = error instanceof Error ? error.message : String(error);
    throw refusal(name, `cannot be read: ${reason}; check its owner and mode`, error);
  }
}

async function readText(path: string, name: string): Promise<string> {
  const { isFile } = await Deno.stat(path);
  refuse(!isFile, name, "is not a file; name the file itself");
  using file = await Deno.open(path);
  const buffer = new Uint8Array(secretBytesMax + 3);
  let length = 0;
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  const text = decode(buffer.subarray(0, length), name).replace(/\r?\n$/, "");
  // Two bytes more than the limit were allowed above for the line break.
  const isTooLong = new TextEncoder().encode(text).length > secretBytesMax;
  refuse(isTooLong, name, `is larger than ${secretBytesMax} bytes; check the file`);
  return text;
}

function decode(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (error) {
    const isFull = bytes.length > secretBytesMax;
    const problem = isFull
      ? `is larger than ${secretBytesMax} bytes; check the file`
      : "is not UTF-8 text; store it as text, for example in base64";
    throw refusal(name, problem, error);
  }
}

function isOutside(path: string): boolean {
  return path === "" || isAbsolute(path) || path.split(sep).includes("..");
}

function refuse(isWrong: boolean, name: string, problem: string): void {
  if (isWrong) throw refusal(name, problem);
}

function refusal(name: string, problem: string, cause?: unknown): AetherError {
  return new AetherError("SECRET_MISSING", `Secret "${name}" ${problem}`, { cause });
}
