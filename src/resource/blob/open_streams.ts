/**
 * {@link OpenStreams}: what an instance reads or writes at the moment, by number.
 *
 * An instance may forget what it has begun: there is a limit, and what nobody touches is ended.
 *
 * @module
 */
import type { Clock, Timer } from "../../base/clock.ts";
import { AetherError } from "../../base/errors.ts";

/** Something that can be ended before its time. */
interface Endable {
  end(reason: AetherError): void;
}

/** Options of {@link OpenStreams}. */
export interface OpenStreamsOptions {
  readonly clock: Clock;
  readonly streamsMax: number;
  /** Time without a use after which a stream is ended. */
  readonly idleMs: number;
}

/** See the module. */
export class OpenStreams<Stream extends Endable> {
  readonly #options: OpenStreamsOptions;
  readonly #open = new Map<number, { readonly stream: Stream; timer: Timer | undefined }>();
  #nextId = 1;

  constructor(options: OpenStreamsOptions) {
    this.#options = options;
  }

  /** @throws {AetherError} OVERLOADED when as many are open as may be. */
  requireRoom(): void {
    const { streamsMax } = this.#options;
    if (this.#open.size < streamsMax) return;
    throw new AetherError("OVERLOADED", `The instance reads or writes ${streamsMax} blobs`, {
      hint: "Read streams to their end or cancel them",
    });
  }

  /** Keeps a stream; answers its number. */
  add(stream: Stream): number {
    const id = this.#nextId++;
    this.#open.set(id, { stream, timer: undefined });
    this.#rest(id);
    return id;
  }

  /**
   * Uses a stream; it stays open unless `use` fails.
   *
   * @throws {AetherError} RESOURCE_LOST when it is not open; what `use` throws.
   */
  async use<Result>(id: number, use: (stream: Stream) => Promise<Result>): Promise<Result> {
    const open = this.#open.get(id);
    if (open === undefined) throw ended();
    open.timer?.cancel();
    open.timer = undefined;
    try {
      const result = await use(open.stream);
      this.#rest(id);
      return result;
    } catch (error) {
      this.#open.delete(id);
      throw error;
    }
  }

  /** Forgets a stream and answers it; undefined when it is not open. */
  take(id: number): Stream | undefined {
    const open = this.#open.get(id);
    open?.timer?.cancel();
    this.#open.delete(id);
    return open?.stream;
  }

  /** Ends all. */
  close(): void {
    for (const id of [...this.#open.keys()]) this.take(id)?.end(ended());
  }

  #rest(id: number): void {
    const open = this.#open.get(id);
    if (open === undefined) return;
    const { clock, idleMs } = this.#options;
    open.timer = clock.setTimer(idleMs, () => this.take(id)?.end(ended()));
  }
}

function ended(): AetherError {
  return new AetherError("RESOURCE_LOST", "The stream of the blob was ended or rested too long");
}
