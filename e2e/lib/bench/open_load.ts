/**
 * {@link OpenLoad}: requests at a fixed rate, whether earlier ones were answered or not.
 *
 * A client whose connection is refused tries once more, on another node; nothing else is tried
 * again. Each request has a connection of its own: on a used one that breaks, fetch sends a request
 * once more by itself, which would hide failures.
 *
 * @module
 */

/** A request before it is sent. */
export interface Planned {
  /** `POST /urls`, for the summary. */
  readonly kind: string;
  /** The node that is asked, and the next one when that refuses the connection. */
  readonly nodes: readonly [string, string];
  readonly path: string;
  readonly init?: RequestInit;
}

/** What became of one request. */
export interface Outcome {
  readonly kind: string;
  /** The node that was asked first. */
  readonly node: string;
  /** When it was sent, in milliseconds since the start of the load. */
  readonly atMs: number;
  readonly tookMs: number;
  /** 0 when there was no whole answer. */
  readonly status: number;
  /** Text of the answer, or why there is none. */
  readonly text: string;
  readonly isRetried: boolean;
}

const tickMs = 10;
const timeoutMs = 15_000;
const client = Deno.createHttpClient({ poolMaxIdlePerHost: 0 });

/** Requests at a rate, until they are stopped. */
export class OpenLoad {
  readonly outcomes: Outcome[] = [];
  readonly startMs: number = performance.now();
  readonly #open = new Set<Promise<void>>();
  readonly #plan: (index: number) => Planned;
  readonly #timer: ReturnType<typeof setInterval>;
  #sent = 0;

  /** @param plan the request with this number, from 0 */
  constructor(perSecond: number, plan: (index: number) => Planned) {
    this.#plan = plan;
    this.#timer = setInterval(() => {
      const due = Math.floor((performance.now() - this.startMs) * perSecond / 1_000);
      while (this.#sent < due) this.#send(this.#sent++);
    }, tickMs);
  }

  /** Sends no more, and waits until all have ended. */
  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all(this.#open);
  }

  #send(index: number): void {
    const sending = this.#request(this.#plan(index)).finally(() => this.#open.delete(sending));
    this.#open.add(sending);
  }

  async #request({ kind, nodes: [first, second], path, init }: Planned): Promise<void> {
    const begunMs = performance.now();
    const one = await attempt(first + path, init);
    const isRefused = one.status === 0 && /Connection refused/i.test(one.text);
    const { status, text } = isRefused ? await attempt(second + path, init) : one;
    this.outcomes.push({
      kind,
      node: first,
      atMs: begunMs - this.startMs,
      tookMs: performance.now() - begunMs,
      status,
      text,
      isRetried: isRefused,
    });
  }
}

async function attempt(url: string, init: RequestInit | undefined) {
  try {
    const signal = AbortSignal.timeout(timeoutMs);
    const response = await fetch(url, { ...init, client, signal });
    return { status: response.status, text: await response.text() };
  } catch (error) {
    const cause = error instanceof Error && error.cause !== undefined ? `: ${error.cause}` : "";
    return { status: 0, text: `${error}${cause}` };
  }
}
