/**
 * The resource type `lock`: locks of the cluster for the instances of a slice.
 *
 * This thread renews what an instance holds, so that a busy instance loses nothing, and gives it
 * free when the instance ends. When this thread or the node dies, the leases end by themselves.
 *
 * @module
 */
import { z } from "zod";
import { AetherError, toAetherError } from "../../base/errors.ts";
import type { Logger } from "../../sdk/logger.ts";
import {
  type CallMessage,
  parseCall,
  type ResourceFactory,
  type ResourceSession,
  type ResourceUser,
} from "../factory.ts";
import { type StoreAccess, storeExtension } from "../store_access.ts";
import { lockNameOf } from "./lock_name.ts";

const heldMax = 1_000;
/** A lease is renewed so often within its time. */
const renewals = 3;

const name = z.string();
const callSchema = z.discriminatedUnion("op", [
  z.object({
    op: z.literal("acquire"),
    name,
    waitMs: z.int().min(0).max(60_000).default(0),
    ttlMs: z.int().min(1_000).max(600_000).default(15_000),
  }),
  z.object({ op: z.literal("release"), name, token: z.int() }),
]);
type Acquire = Extract<z.output<typeof callSchema>, { op: "acquire" }>;

/** Opens the cluster's locks for slices. */
export const lockFactory: ResourceFactory = {
  type: "lock",
  priority: 0,
  options: undefined,
  supports: (section) => section === undefined,
  open: (_options, context) => {
    const store = context.extension(storeExtension);
    return {
      session: (user) => new LockSession(user, store, context.log),
      close: () => {},
    };
  },
};

interface Held {
  readonly lease: string;
  readonly token: number;
  readonly timer: ReturnType<typeof setInterval>;
}

class LockSession implements ResourceSession {
  readonly #user: ResourceUser;
  readonly #store: StoreAccess;
  readonly #log: Logger;
  /** By the cluster's name and the token. */
  readonly #held = new Map<string, Held>();
  #isClosed = false;

  constructor(user: ResourceUser, store: StoreAccess, log: Logger) {
    this.#user = user;
    this.#store = store;
    this.#log = log;
  }

  async call(message: CallMessage): Promise<unknown> {
    const call = parseCall(callSchema, message);
    const full = lockNameOf(this.#user.artifactBase, call.name);
    if (call.op === "acquire") return await this.#acquire(full, call);
    await this.#release(full, call.token);
    return null;
  }

  close(): void {
    this.#isClosed = true;
    for (const [id, { token }] of [...this.#held]) {
      this.#release(nameIn(id), token).catch((error) => {
        const reason = toAetherError(error).message;
        this.#log.debug("A lock of an ended instance ends by itself", { id, reason });
      });
    }
  }

  async #acquire(full: string, { name, waitMs, ttlMs }: Acquire): Promise<number> {
    if (this.#held.size >= heldMax) {
      throw new AetherError("OVERLOADED", `The instance holds ${heldMax} locks`);
    }
    const lease = crypto.randomUUID();
    const { instance } = this.#user;
    const token = await this.#store.acquire({ name: full, holder: instance, ttlMs, lease }, waitMs);
    const timer = setInterval(() => this.#renew(full, name, token), ttlMs / renewals);
    this.#held.set(idOf(full, token), { lease, token, timer });
    // The instance ended while it waited.
    if (this.#isClosed) this.close();
    return token;
  }

  async #renew(full: string, name: string, token: number): Promise<void> {
    const held = this.#held.get(idOf(full, token));
    if (held === undefined) return;
    try {
      await this.#store.renew(full, held.lease, token);
    } catch (error) {
      // Everything else may pass before the lease ends.
      if (!(error instanceof AetherError) || error.name !== "LOCK_LOST") return;
      if (this.#forget(full, token) === undefined) return;
      this.#user.notify("lost", { name, token });
    }
  }

  async #release(full: string, token: number): Promise<void> {
    const held = this.#forget(full, token);
    if (held === undefined) return;
    try {
      await this.#store.release(full, held.lease, token);
    } catch (error) {
      if (!(error instanceof AetherError) || error.name !== "LOCK_LOST") throw error;
    }
  }

  #forget(full: string, token: number): Held | undefined {
    const id = idOf(full, token);
    const held = this.#held.get(id);
    this.#held.delete(id);
    clearInterval(held?.timer);
    return held;
  }
}

function idOf(name: string, token: number): string {
  return `${token} ${name}`;
}

function nameIn(id: string): string {
  return id.slice(id.indexOf(" ") + 1);
}
