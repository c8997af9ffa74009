/**
 * Server-Sent Events as the messages that a row's stream promises.
 *
 * Called by {@link AetherClient.stream}. It reads what our API writes and ignores comments; a
 * message that does not match the row's schema is an error, never silently left out.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import type { Row, StreamMessage } from "../protocol/api/row.ts";

/** Longest single message, in characters. */
const messageMax = 128 * 1024 * 1024;

/** Waits of reading a stream. */
export interface ReadOptions {
  /** Silence after which the other side counts as gone, in milliseconds. */
  readonly idleMs: number;
}

/**
 * The messages of an answer, until it ends.
 *
 * @throws {AetherError} UNREACHABLE when the connection breaks or falls silent; INTERNAL when a
 * message is not understood.
 */
export async function* readEvents(
  row: Row,
  body: ReadableStream<Uint8Array>,
  { idleMs }: ReadOptions,
): AsyncGenerator<StreamMessage, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = "";
  try {
    for (;;) {
      const { value, done } = await readWithin(reader, idleMs);
      if (done) return;
      const parts = (rest + decoder.decode(value, { stream: true })).split("\n\n");
      rest = parts.pop() ?? "";
      if (rest.length > messageMax) {
        throw new AetherError("INTERNAL", `A message is longer than ${messageMax} characters`);
      }
      for (const part of parts) {
        const data = dataOf(part);
        if (data !== undefined) yield parseMessage(row, data);
      }
    }
  } finally {
    reader.cancel().catch(() => {
      // The connection has broken, which is an end as well.
    });
  }
}

function dataOf(event: string): string | undefined {
  const lines = event.split("\n").filter((line) => line.startsWith("data:"));
  return lines.length === 0 ? undefined : lines.map((line) => line.slice(5).trimStart()).join("\n");
}

function parseMessage(row: Row, data: string): StreamMessage {
  const odd = (cause: unknown) => {
    const text = `A message of ${row.method} ${row.path} is odd`;
    const hint = "Use the version of aether that the node runs, see `aether version`";
    return new AetherError("INTERNAL", text, { hint, cause });
  };
  try {
    const message: unknown = JSON.parse(data);
    row.message?.parse(message);
    return message as StreamMessage;
  } catch (cause) {
    throw odd(cause);
  }
}

async function readWithin(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  idleMs: number,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const silence = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => {
      reject(new AetherError("UNREACHABLE", `The node said nothing for ${idleMs} ms`));
    }, idleMs);
  });
  try {
    return await Promise.race([reader.read(), silence]);
  } catch (error) {
    if (error instanceof AetherError) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new AetherError("UNREACHABLE", `The connection broke: ${reason}`, { cause: error });
  } finally {
    clearTimeout(timer);
  }
}
