/**
 * The handle of `config()`: checks values by their schema and tells of changes.
 *
 * @module
 */
import { AetherError, toAetherError } from "../../../base/errors.ts";
import { zodIssues } from "../../../sdk/dispatch.ts";
import type { ConfigHandle } from "../../../sdk/resource/config.ts";
import type { ResourceSpec } from "../../../sdk/resource/spec.ts";
import type { ResourceListener, ResourcePort } from "./port.ts";

type Callback = (value: unknown) => void | Promise<void>;

/** See {@link ConfigHandle}. */
export class ConfigProxy implements ConfigHandle<unknown>, ResourceListener {
  readonly #resource: string;
  readonly #spec: ResourceSpec<unknown>;
  readonly #port: ResourcePort;
  readonly #callbacks = new Set<Callback>();

  constructor(resource: string, spec: ResourceSpec<unknown>, port: ResourcePort) {
    this.#resource = resource;
    this.#spec = spec;
    this.#port = port;
    port.listen(resource, this);
  }

  async get(): Promise<unknown> {
    return this.#checked(await this.#port.request({ resource: this.#resource, op: "get" }));
  }

  onChange(callback: Callback): () => void {
    this.#callbacks.add(callback);
    return () => {
      this.#callbacks.delete(callback);
    };
  }

  onEvent(_event: string, value: unknown): void {
    this.#tell(() => Promise.resolve(this.#checked(value)));
  }

  /** A change may have passed unheard. */
  onLost(): void {
    if (this.#callbacks.size > 0) this.#tell(() => this.get());
  }

  async #tell(read: () => Promise<unknown>): Promise<void> {
    try {
      const value = await read();
      for (const callback of [...this.#callbacks]) await callback(value);
    } catch (error) {
      const { message } = toAetherError(error);
      this.#port.log("error", `A change of config "${this.#resource}" failed: ${message}`, "{}");
    }
  }

  #checked(value: unknown): unknown {
    const parsed = this.#spec.schema?.safeParse(value);
    if (parsed === undefined) return value;
    if (parsed.success) return parsed.data;
    const issues = zodIssues(parsed.error);
    const [first] = issues;
    throw new AetherError(
      "RESOURCE_INVALID",
      `Section [resources.${this.#spec.options["section"]}] does not match the slice's schema: ` +
        `values.${first?.path}: ${first?.message}`,
      { issues },
    );
  }
}
