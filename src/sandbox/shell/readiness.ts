/**
 * Whether a slice says that it can serve: its readiness checks, asked again and again.
 *
 * One answer at a time: a check that is slow is not asked a second time meanwhile, it just counts
 * as not ready. The shell asks before the instance serves and with every sign of life.
 *
 * @module
 */

/** A slice's own opinion. */
export type ReadinessCheck = () => boolean | Promise<boolean>;

const checksMax = 100;
const checkTimeoutMs = 1_000;
const firstPauseMs = 100;

/** The readiness checks of one instance. */
export class Readiness {
  readonly #checks: ReadinessCheck[] = [];
  readonly #log: (level: "warn" | "info", message: string) => void;
  #isReady = true;
  #isAsking = false;
  #isStopped = false;

  constructor(log: (level: "warn" | "info", message: string) => void) {
    this.#log = log;
  }

  /**
   * Adds a check.
   *
   * @throws {RangeError} beyond 100.
   */
  add(check: ReadinessCheck): void {
    if (this.#checks.length >= checksMax) {
      throw new RangeError(`The slice has more than ${checksMax} readiness checks: use one`);
    }
    this.#checks.push(check);
  }

  /** Waits until the slice is ready for the first time. */
  async first(): Promise<void> {
    while (!this.#isStopped && !await this.#ask()) {
      await new Promise((resolve) => setTimeout(resolve, firstPauseMs));
    }
  }

  /** The latest answer; asks for the next one. */
  ask(): boolean {
    if (this.#checks.length > 0 && !this.#isAsking) {
      this.#isAsking = true;
      this.#ask().finally(() => this.#isAsking = false);
    }
    return this.#isReady;
  }

  /** Asks nobody any more. */
  stop(): void {
    this.#isStopped = true;
  }

  async #ask(): Promise<boolean> {
    let reason: string | undefined;
    for (const check of this.#checks) {
      reason ??= await reasonOf(check);
    }
    const isReady = reason === undefined;
    if (isReady !== this.#isReady) {
      if (isReady) this.#log("info", "The slice is ready again");
      else this.#log("warn", `The slice is not ready: ${reason}`);
    }
    return this.#isReady = isReady;
  }
}

/** Why a check does not pass; undefined when it does. */
async function reasonOf(check: ReadinessCheck): Promise<string | undefined> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(
      () => resolve(`its check took longer than ${checkTimeoutMs} ms`),
      checkTimeoutMs,
    );
  });
  try {
    const answer = Promise.resolve(check()).then((isReady) =>
      isReady === true ? undefined : "its check does not answer true"
    );
    return await Promise.race([answer, late]);
  } catch (error) {
    return `its check failed: ${error instanceof Error ? error.message : String(error)}`;
  } finally {
    clearTimeout(timer);
  }
}
