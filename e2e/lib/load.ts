/**
 * {@link Load}: clients that send requests without a pause until they are told to stop.
 *
 * @module
 */

/** What became of one request. */
export interface Sent {
  /** 0 when there was no whole answer. */
  readonly status: number;
  /** Text of the answer, or why there is none. */
  readonly text: string;
}

/** Concurrent clients, each with one request at a time. */
export class Load {
  readonly #clients: Promise<void>[];
  readonly #seen: Sent[] = [];
  #isStopped = false;

  /** Starts the clients; each sends what `request` makes, over and over. */
  constructor(count: number, request: (client: number, round: number) => Request) {
    this.#clients = Array.from({ length: count }, (_, client) => this.#run(client, request));
  }

  /** Everything so far. */
  get seen(): readonly Sent[] {
    return this.#seen;
  }

  /** Requests that did not end with 200. */
  get failed(): readonly Sent[] {
    return this.#seen.filter(({ status }) => status !== 200);
  }

  /** Waits until `count` more requests have ended. */
  async more(count: number): Promise<void> {
    const wanted = this.#seen.length + count;
    const endMs = performance.now() + 30_000;
    while (this.#seen.length < wanted) {
      if (performance.now() > endMs) {
        throw new Error(`Only ${this.#seen.length} of ${wanted} ended`);
      }
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }

  /** Also when a test fails, or its requests would be another test's. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
  }

  /** Lets every client end its request and stops. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    await Promise.all(this.#clients);
  }

  async #run(client: number, request: (client: number, round: number) => Request): Promise<void> {
    for (let round = 0; !this.#isStopped; round++) {
      try {
        const response = await fetch(request(client, round));
        this.#seen.push({ status: response.status, text: await response.text() });
      } catch (error) {
        this.#seen.push({ status: 0, text: String(error) });
        // A refused connection comes back at once: leave the processor to others.
        await new Promise((resolve) => setTimeout(resolve, 5));
      }
    }
  }
}
