/**
 * Outputs that last: events, bytes, and sockets.
 *
 * Each is a schema like any other, used as a method's `output`, so that handlers stay typed: what a
 * handler returns is an iterable, or the function that holds the conversation. Such methods need an
 * HTTP route. Other slices get events and bytes as async iterables; sockets are for clients over
 * HTTP only. Slices import this through `aether`; `docs/http.md` is the guide.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../base/errors.ts";

/** An open WebSocket as a slice sees it; iterate over it to receive. */
export interface Socket<Receive, Send> extends AsyncIterable<Receive> {
  /** Sends a message; resolves as soon as there is room for the next one. */
  send(message: Send): Promise<void>;
  /** Closes the socket; iteration ends. @default {1000} */
  close(code?: number, reason?: string): void;
}

/** What a socket's handler returns: it is called with the open socket, which closes at its end. */
export type Conversation<Receive, Send> = (socket: Socket<Receive, Send>) => void | Promise<void>;

/** How messages of a socket are written. */
export type SocketFormat = "json" | "text";

/** What a stream output holds; for the shell and the description of a slice. */
export type StreamSpec =
  | { readonly kind: "events"; readonly item: z.ZodType; readonly contentType: string }
  | { readonly kind: "bytes"; readonly contentType: string }
  | {
    readonly kind: "socket";
    readonly receive: z.ZodType;
    readonly send: z.ZodType;
    readonly format: SocketFormat;
  };

const specs = new WeakMap<z.ZodType, StreamSpec>();

/** What an output schema streams; undefined for one that is a plain value. */
export function streamOf(output: z.ZodType): StreamSpec | undefined {
  return specs.get(output);
}

/**
 * Server-Sent Events: the handler returns an iterable, such as a generator, of items.
 *
 * Each item is checked and sent as one event whose data is its JSON.
 *
 * @example
 * ```ts
 * import { events, method, z } from "aether";
 * method({
 *   input: z.object({ from: z.coerce.number() }),
 *   output: events(z.object({ tick: z.number() })),
 *   http: "GET /ticks",
 * });
 * ```
 */
export function events<Item extends z.ZodType>(
  item: Item,
): z.ZodType<AsyncIterable<z.output<Item>>, AsyncIterable<z.input<Item>>> {
  const schema = z.custom<AsyncIterable<z.input<Item>>>(isIterable, "Return an async iterable")
    .transform((items) => checked(items, item));
  specs.set(schema, { kind: "events", item, contentType: "text/event-stream" });
  return schema;
}

/**
 * A body of any length: the handler returns an iterable of bytes or text, such as a generator or a
 * ReadableStream.
 *
 * @param contentType Its media type. @default {"application/octet-stream"}
 */
export function bytes(
  contentType = "application/octet-stream",
): z.ZodType<AsyncIterable<Uint8Array | string>, AsyncIterable<Uint8Array | string>> {
  if (!/^[\x21-\x7e]+\/[\x20-\x7e]+$/.test(contentType)) {
    throw new TypeError(`Content type "${contentType}" is not valid: write one such as text/csv`);
  }
  const schema = z.custom<AsyncIterable<Uint8Array | string>>(
    isIterable,
    "Return an async iterable",
  );
  specs.set(schema, { kind: "bytes", contentType });
  return schema;
}

/**
 * A WebSocket: the handler accepts by returning a {@link Conversation}, or throws to refuse.
 *
 * Messages are JSON that the schemas check, or text as it is with `format: "text"`; binary messages
 * are Uint8Arrays in both. A message that `receive` refuses closes the socket with code 1007.
 *
 * @example
 * ```ts
 * import { method, socket, z } from "aether";
 * const line = z.object({ text: z.string() });
 * method({
 *   input: z.object({ room: z.string() }),
 *   output: socket({ receive: line, send: line }),
 *   http: "GET /rooms/:room",
 * });
 * ```
 */
export function socket<Receive extends z.ZodType, Send extends z.ZodType>(spec: {
  readonly receive: Receive;
  readonly send: Send;
  readonly format?: SocketFormat;
}): z.ZodType<
  Conversation<z.output<Receive>, z.input<Send>>,
  Conversation<z.output<Receive>, z.input<Send>>
> {
  const schema = z.custom<Conversation<z.output<Receive>, z.input<Send>>>(
    (value) => typeof value === "function",
    "Return a function that takes the socket",
  );
  specs.set(schema, {
    kind: "socket",
    receive: spec.receive,
    send: spec.send,
    format: spec.format ?? "json",
  });
  return schema;
}

function isIterable(value: unknown): boolean {
  return typeof value === "object" && value !== null && Symbol.asyncIterator in value;
}

async function* checked<Item extends z.ZodType>(
  items: AsyncIterable<z.input<Item>>,
  schema: Item,
): AsyncGenerator<z.output<Item>, void, void> {
  for await (const item of items) {
    const parsed = schema.safeParse(item);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new AetherError(
        "OUTPUT_INVALID",
        `An event does not match its contract: ${issue?.path.join(".")} ${issue?.message}`,
      );
    }
    yield parsed.data;
  }
}
