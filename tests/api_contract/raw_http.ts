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

  /** Reads one answer; the server may keep the connection open, so its length counts. */
  async answer(): Promise<RawAnswer> {
    const buffer = new Uint8Array(65_536);
    let bytes = new Uint8Array();
    try {
      for (;;) {
        const answer = parseAnswer(bytes);
        if (answer !== undefined) return answer;
        const count = await this.#connection.read(buffer);
        if (count === null) break;
        bytes = concat([bytes, buffer.subarray(0, count)]);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.ConnectionReset)) throw error;
    }
    throw new Error(`No whole answer: ${decoder.decode(bytes).slice(0, 200)}`);
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

function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    joined.set(piece, at);
    at += piece.length;
  }
  return joined;
}

/** The answer, or undefined when some of it has not come yet. */
function parseAnswer(bytes: Uint8Array): RawAnswer | undefined {
  const text = decoder.decode(bytes);
  const end = text.indexOf("\r\n\r\n");
  if (end < 0) return undefined;
  const [first = "", ...lines] = text.slice(0, end).split("\r\n");
  const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(first)?.[1]);
  if (Number.isNaN(status)) throw new Error(`No HTTP answer: ${text.slice(0, 200)}`);
  const headers = new Headers(
    lines.map((line): [string, string] => {
      const colon = line.indexOf(":");
      return [line.slice(0, colon), line.slice(colon + 1).trim()];
    }),
  );
  const rest = bytes.subarray(end + 4);
  const body = headers.get("transfer-encoding") === "chunked"
    ? joinChunks(rest)
    : sized(rest, Number(headers.get("content-length") ?? 0));
  return body === undefined ? undefined : { status, headers, body };
}

function sized(bytes: Uint8Array, length: number): Uint8Array | undefined {
  return bytes.length < length ? undefined : bytes.subarray(0, length);
}

function joinChunks(bytes: Uint8Array): Uint8Array | undefined {
  const pieces: Uint8Array[] = [];
  for (let at = 0;;) {
    const line = /^([0-9a-f]+)\r\n/i.exec(decoder.decode(bytes.subarray(at, at + 20)));
    if (line === null) return undefined;
    const start = at + line[0].length;
    const end = start + parseInt(line[1] ?? "", 16);
    if (bytes.length < end + 2) return undefined;
    if (start === end) return concat(pieces);
    pieces.push(bytes.subarray(start, end));
    at = end + 2;
  }
}
