/**
 * Named steps of a script with their durations, and the summary at its end.
 *
 * @module
 */

/** Runs steps one after the other and remembers which failed. */
export class Steps {
  readonly #failed: string[] = [];
  readonly #print: (line: string) => void;
  #count = 0;

  /** `print` receives each line; the console by default. */
  constructor(print: (line: string) => void = (line) => console.log(line)) {
    this.#print = print;
  }

  /** Names of the steps that failed so far. */
  get failed(): readonly string[] {
    return this.#failed;
  }

  /** Runs a step; it fails when it throws or resolves to a number other than 0. */
  async run(name: string, action: () => Promise<number | string | void>): Promise<boolean> {
    this.#count++;
    this.#print(`> ${name}`);
    const startedMs = performance.now();
    let result: number | string | void;
    try {
      result = await action();
    } catch (error) {
      this.#print(error instanceof Error ? error.message : String(error));
      result = 1;
    }
    const seconds = ((performance.now() - startedMs) / 1000).toFixed(1);
    const ok = typeof result !== "number" || result === 0;
    if (!ok) this.#failed.push(name);
    const note = typeof result === "string" ? `: ${result}` : "";
    this.#print(`${ok ? "ok" : "FAILED"} ${name} (${seconds} s)${note}`);
    return ok;
  }

  /** Prints what failed, and resolves to the script's exit code. */
  finish(): number {
    if (this.#failed.length === 0) {
      this.#print(`All ${this.#count} steps passed`);
      return 0;
    }
    this.#print(`${this.#failed.length} of ${this.#count} steps failed:`);
    for (const name of this.#failed) this.#print(`  ${name}`);
    return 1;
  }
}
