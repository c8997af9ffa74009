/**
 * `fakeConfig()`: the values of a `config()`, which the test changes as an operator would.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../base/errors.ts";
import { zodIssues } from "../dispatch.ts";
import type { ConfigHandle } from "../resource/config.ts";
import type { FakePlace, Placed } from "./fake.ts";

/** Values that a test can change. */
export interface FakeConfig<Value> extends ConfigHandle<Value> {
  /**
   * Replaces the values and calls back whoever listens, and resolves when they are done. Values
   * that the slice's schema refuses are logged and left out, as in the cluster.
   */
  set(values: unknown): Promise<void>;
}

/**
 * The values of a section as the operator would write them: the slice's schema adds its defaults.
 *
 * @example
 * ```ts
 * import { fakeConfig } from "aether";
 * const limits = fakeConfig({ perUser: 10 });
 * await limits.set({ perUser: 20 });
 * console.assert((await limits.get()).perUser === 20);
 * ```
 */
export function fakeConfig<Value>(values: Value): FakeConfig<Value> {
  return new FakeValues(values) as FakeConfig<Value>;
}

type Callback = (value: unknown) => void | Promise<void>;

class FakeValues implements FakeConfig<unknown>, Placed {
  #values: unknown;
  #place: FakePlace | undefined;
  readonly #callbacks = new Set<Callback>();

  constructor(values: unknown) {
    this.#values = values;
  }

  place(at: FakePlace): void {
    this.#place = at;
  }

  get(): Promise<unknown> {
    return Promise.try(() => this.#checked());
  }

  onChange(callback: Callback): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }

  async set(values: unknown): Promise<void> {
    this.#values = values;
    try {
      const value = this.#checked();
      for (const callback of [...this.#callbacks]) await callback(value);
    } catch (error) {
      if (this.#place === undefined) throw error;
      const { message } = toAetherError(error);
      this.#place.log.error(`A change of config "${this.#place.name}" failed: ${message}`);
    }
  }

  #checked(): unknown {
    const need = this.#place?.need;
    const parsed = need?.schema?.safeParse(structuredClone(this.#values));
    if (parsed === undefined) return structuredClone(this.#values);
    if (parsed.success) return parsed.data;
    const issues = zodIssues(parsed.error);
    throw new AetherError(
      "RESOURCE_INVALID",
      `Section [resources.${need?.options["section"]}] does not match the slice's schema: ` +
        `values.${issues[0]?.path}: ${issues[0]?.message}`,
      { issues },
    );
  }
}
