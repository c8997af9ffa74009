/**
 * {@link CliIo}: the streams that commands print to and read from.
 *
 * `main.ts` gives the real ones, tests give their own. Commands never print in another way.
 *
 * @module
 */
import { AetherError } from "../src/base/errors.ts";
import { formatByteSize } from "../src/base/byte_size.ts";

/** Streams of a command. */
export interface CliIo {
  /** Writes to standard output; text gets no newline added. */
  out(data: string | Uint8Array): Promise<void>;
  /** Writes to standard error. */
  err(text: string): Promise<void>;
  /** The chunks of standard input. */
  readonly stdin: ReadableStream<Uint8Array>;
  readonly stdinIsTerminal: boolean;
  readonly outIsTerminal: boolean;
  readonly errIsTerminal: boolean;
  /** Width of the terminal; undefined when output does not go to one. */
  readonly columns: number | undefined;
}

const encoder = new TextEncoder();

/** The streams of this process. */
export function processIo(): CliIo {
  const outIsTerminal = Deno.stdout.isTerminal();
  return {
    out: (data) => writeAll(Deno.stdout, data),
    err: (text) => writeAll(Deno.stderr, text),
    stdin: Deno.stdin.readable,
    stdinIsTerminal: Deno.stdin.isTerminal(),
    outIsTerminal,
    errIsTerminal: Deno.stderr.isTerminal(),
    columns: outIsTerminal ? Deno.consoleSize().columns : undefined,
  };
}

async function writeAll(
  target: { write(bytes: Uint8Array): Promise<number> },
  data: string | Uint8Array,
): Promise<void> {
  let rest = typeof data === "string" ? encoder.encode(data) : data;
  while (rest.length > 0) rest = rest.subarray(await target.write(rest));
}

/**
 * All bytes of a file, or of standard input for `-`.
 *
 * @throws {AetherError} FILE_UNREADABLE naming the path; BODY_TOO_LARGE above the limit
 */
export async function readInput(io: CliIo, path: string, bytesMax: number): Promise<Uint8Array> {
  const name = path === "-" ? "standard input" : path;
  if (path === "-") return await collect(io.stdin, name, bytesMax);
  try {
    using file = await Deno.open(path);
    if ((await file.stat()).isDirectory) throw unreadable(path, "it is a folder");
    return await collect(file.readable, name, bytesMax);
  } catch (error) {
    if (error instanceof AetherError) throw error;
    throw unreadable(path, reasonOf(error), error);
  }
}

/** The error for a file that cannot be used, naming it and the reason. */
export function unreadable(path: string, reason: string, cause?: unknown): AetherError {
  return new AetherError("FILE_UNREADABLE", `Cannot read ${path}: ${reason}`, { cause });
}

function reasonOf(cause: unknown): string {
  if (cause instanceof Deno.errors.NotFound) return "it does not exist";
  if (cause instanceof Deno.errors.PermissionDenied) return "permission denied";
  return cause instanceof Error ? cause.message : String(cause);
}

async function collect(
  chunks: AsyncIterable<Uint8Array>,
  name: string,
  bytesMax: number,
): Promise<Uint8Array> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of chunks) {
    length += chunk.byteLength;
    if (length > bytesMax) {
      const limit = formatByteSize(bytesMax);
      throw new AetherError("BODY_TOO_LARGE", `The content of ${name} is larger than ${limit}`);
    }
    parts.push(chunk);
  }
  const bytes = new Uint8Array(length);
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.byteLength;
  }
  return bytes;
}
