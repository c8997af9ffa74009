/**
 * HTTP/1.1 as bytes, for requests that `fetch` cannot send: any Host header, paths that are not
 * normalised, bodies in pieces, bodies that stop half-way.
 *
 * @module
 */

/** A request; header names are sent as given. */
export interface RawRequest {
  readonly method: string;
  /** Sent as it is. */
  readonly target: string;
  /** `undefined` leaves a header out that would be sent otherwise. */
  readonly headers?: Readonly<Record<string, string | undefined>>;
  readonly body?: string | Uint8Array;
}

/** An answer. */
export interface RawAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array;
}

const encoder = new TextEncoder();
const decoder = new TextDecoder("latin1");

/** One connection to a server on loopback. */
export class RawConnection implements Disposable {
  readonly #port: number;
  readonly #connection: Deno.TcpConn;

  private constructor(port: number, connection: Deno.TcpConn) {
    this.#port = port;
    this.#connection = connection;
  }

  /** Connects. */
  static async open(port: number): Promise<RawConnection> {
    return new RawConnection(port, await Deno.connect({ hostname: "127.0.0.1", port }));
  }

  /** Sends the start of a request, and of its body if there is one. */
  async send(request: RawRequest): Promise<void> {
    const { method, target, headers = {}, body } = request;
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const all: Record<string, string | undefined> = {
      host: `127.0.0.1:${this.#port}`,
      connection: "close",
      "content-length": bytes === undefined ? undefined : String(bytes.length),
      ...headers,
    };
    const lines = Object.entries(all).filter(([, value]) => value !== undefined)
      .map(([name, value]) => `${name}: ${value}\r\n`);
    await this.write(latin1(`${method} ${target} HTTP/1.1\r\n${lines.join("")}\r\n`));
    if (bytes !== undefined) await this.write(bytes);
  }

  /** Sends one piece of a body with `transfer-encoding: chunked`; an empty one ends it. */
  async chunk(bytes: Uint8Array): Promise<void> {
    await this.write(encoder.encode(`${bytes.length.toString(16)}\r\n`));
    await this.write(bytes);
    await this.write(encoder.encode("\r\n"));
  }

  /** Sends bytes; that the server has stopped reading is no error, since it may have answered. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      for (let at = 0; at < bytes.length;) at += await this.#connection.write(bytes.subarray(at));
    } catch (error) {
      const isClosed = error instanceof Deno.errors.BrokenPipe ||
        error instanceof Deno.errors.ConnectionReset;
      if (!isClosed) throw error;
    }
  }

  /** Reads the answer to the end of the connection. */
  async answer(): Promise<RawAnswer> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    const buffer = new Uint8Array(65_536);
    try {
      for (;;) {
        const count = await this.#connection.read(buffer);
        if (count === null) break;
        pieces.push(buffer.slice(0, count));
      }
    } catch (error) {
      // A server that refuses a body may close before it has read it; the answer came first.
      if (!(error instanceof Deno.errors.ConnectionReset) || pieces.length === 0) throw error;
    }
    return parseAnswer(new Uint8Array(await new Blob(pieces).arrayBuffer()));
  }

  [Symbol.dispose](): void {
    this.#connection.close();
  }
}

/** Sends one request on a connection of its own and reads the answer. */
export async function rawRequest(port: number, request: RawRequest): Promise<RawAnswer> {
  using connection = await RawConnection.open(port);
  await connection.send(request);
  return await connection.answer();
}

function latin1(text: string): Uint8Array {
  return Uint8Array.from(text, (character) => character.charCodeAt(0));
}

function parseAnswer(bytes: Uint8Array): RawAnswer {
  const text = decoder.decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (end < 0 || Number.isNaN(status)) throw new Error(`No HTTP answer: ${text.slice(0, 200)}`);
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const body = bytes.subarray(end + 4);
  const isChunked = headers.get("transfer-encoding") === "chunked";
  return { status, headers, body: isChunked ? joinChunks(body) : body };
}

function joinChunks(bytes: Uint8Array): Uint8Array {
  const text = decoder.decode(bytes);
  let joined = "";
  for (let at = 0;;) {
    const lineEnd = text.indexOf("\r\n", at);
    const length = parseInt(text.slice(at, lineEnd), 16);
    if (!(length > 0)) return latin1(joined);
    joined += text.slice(lineEnd + 2, lineEnd + 2 + length);
    at = lineEnd + 2 + length + 2;
  }
}
