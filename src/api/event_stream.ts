/**
 * Messages of a row as Server-Sent Events, at the pace of who reads them.
 *
 * Nothing is queued here: the next message is asked for when the last one was taken. While there is
 * none, comments keep the connection alive; a reader that takes nothing for long is cut.
 *
 * @module
 */
import type { StreamMessage } from "../protocol/api/row.ts";

/** Times of a stream, in milliseconds. */
export interface EventStreamTimes {
  /** Silence after which a comment is sent. */
  readonly heartbeatMs: number;
  /** Time in which the reader must take something. */
  readonly stallMs: number;
}

const encoder = new TextEncoder();
const heartbeat = encoder.encode(": alive\n\n");

/** The bytes of an event stream; ends with the messages, and ends them when its reader goes. */
export function eventStream(
  messages: AsyncIterableIterator<StreamMessage>,
  times: EventStreamTimes,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let pending: Promise<IteratorResult<StreamMessage>> | undefined;
  let stall: ReturnType<typeof setTimeout> | undefined;
  const end = () => {
    clearTimeout(stall);
    messages.return?.();
  };
  return new ReadableStream({
    async pull(controller) {
      clearTimeout(stall);
      pending ??= messages.next();
      const next = await within(pending, times.heartbeatMs);
      if (next === "late") controller.enqueue(heartbeat);
      else {
        pending = undefined;
        if (next.done) return controller.close();
        controller.enqueue(encoder.encode(messageText(next.value)));
      }
      stall = setTimeout(() => {
        end();
        controller.error(new Error(`The reader took nothing for ${times.stallMs} ms`));
      }, times.stallMs);
    },
    cancel: end,
  }, { highWaterMark: 0 });
}

/** One message as an event. */
export function messageText(message: StreamMessage): string {
  // JSON has no line breaks, so one data line is enough.
  return `id: ${message.revision}\nevent: ${message.type}\ndata: ${JSON.stringify(message)}\n\n`;
}

async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T | "late"> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<"late">((resolve) => {
    timer = setTimeout(() => resolve("late"), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
