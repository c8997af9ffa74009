/**
 * The handle of `lock()`: knows what this instance holds, and aborts its signals when it is lost.
 *
 * @module
 */
import type { HeldLock, LockHandle, LockOptions } from "../../../sdk/resource/lock.ts";
import type { ResourceListener, ResourcePort } from "./port.ts";

/** See {@link LockHandle}. */
export class LockProxy implements LockHandle, ResourceListener {
  readonly #resource: string;
  readonly #port: ResourcePort;
  /** By token. */
  readonly #held = new Map<number, AbortController>();

  constructor(resource: string, port: ResourcePort) {
    this.#resource = resource;
    this.#port = port;
    port.listen(resource, this);
  }

  async acquire(name: string, options: LockOptions = {}): Promise<HeldLock> {
    const call = { resource: this.#resource, op: "acquire", name, ...options };
    const token = await this.#port.request(call) as number;
    const controller = new AbortController();
    this.#held.set(token, controller);
    return {
      name,
      token,
      signal: controller.signal,
      release: async () => {
        if (!this.#held.delete(token)) return;
        await this.#port.request({ resource: this.#resource, op: "release", name, token });
      },
    };
  }

  async run<T>(
    name: string,
    work: (held: HeldLock) => T | Promise<T>,
    options: LockOptions = {},
  ): Promise<T> {
    const held = await this.acquire(name, options);
    try {
      return await work(held);
    } finally {
      await held.release();
    }
  }

  onEvent(_event: string, value: unknown): void {
    this.#lose((value as { readonly token: number }).token);
  }

  /** Nobody renews the leases any more. */
  onLost(): void {
    for (const token of [...this.#held.keys()]) this.#lose(token);
  }

  #lose(token: number): void {
    const controller = this.#held.get(token);
    this.#held.delete(token);
    controller?.abort(new Error("The lock is lost: another one may hold it"));
  }
}
