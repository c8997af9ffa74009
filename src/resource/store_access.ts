/**
 * What resources may do with the store and its locks: an extension of the resources thread.
 *
 * Control has the store. It serves {@link StoreAccess} over a port, and the resources thread calls
 * it through {@link RemoteStoreAccess}; both ends are ours, so nothing is validated.
 *
 * @module
 */
import { AetherError, toAetherError } from "../base/errors.ts";
import type { Applied, Transaction, Writer } from "../protocol/store/command.ts";
import type {
  ControlToResources,
  ResourcesToControl,
  ResourceView,
} from "../protocol/thread/resources.ts";
import { extensionKey } from "./factory.ts";

/** A stored value. */
export interface StoreEntry {
  readonly key: string;
  readonly value: Uint8Array;
  readonly revision: number;
}

/** Who wants which lock. */
export interface LockRequest {
  readonly name: string;
  readonly holder: string;
  readonly ttlMs: number;
  /** Unguessable, chosen by the caller. */
  readonly lease: string;
}

/** The part of the store that resources use; every method may throw what the store throws. */
export interface StoreAccess {
  /** The value of a key; linearizable unless what this node has is enough. */
  entry(key: string, isLocal?: boolean): Promise<StoreEntry | undefined>;
  /** Entries whose key starts with the prefix and comes after, in key order. Linearizable. */
  list(prefix: string, limit: number, after?: string): Promise<StoreEntry[]>;
  /** Writes as a slice. */
  propose(transaction: Transaction): Promise<Applied>;
  /** Acquires a lock and answers its token; throws LOCK_HELD. */
  acquire(request: LockRequest, waitMs: number): Promise<number>;
  /** Starts the time of a lock again; throws LOCK_LOST. */
  renew(name: string, lease: string, token: number): Promise<void>;
  /** Gives a lock free; throws LOCK_LOST. */
  release(name: string, lease: string, token: number): Promise<void>;
}

/** Key of the extension. */
export const storeExtension = extensionKey<StoreAccess>("store");

/** The store as it is in control. */
export interface LocalStore {
  readonly state: {
    get(key: string): { readonly value: Uint8Array; readonly revision: number } | undefined;
    list(prefix: string, after?: string, limit?: number): string[];
  };
  propose(writer: Writer, transaction: Transaction): Promise<Applied>;
  readBarrier(): Promise<void>;
}

/** The locks as they are in control. */
export interface LocalLocks {
  acquire(request: LockRequest, waitMs: number): Promise<number>;
  renew(name: string, proof: { readonly lease: string; readonly token: number }): Promise<void>;
  release(name: string, proof: { readonly lease: string; readonly token: number }): Promise<void>;
}

/** Gives access to a store of this thread. */
export function localStoreAccess(store: LocalStore, locks: LocalLocks): StoreAccess {
  const read = (key: string): StoreEntry | undefined => {
    const entry = store.state.get(key);
    return entry && { key, value: entry.value, revision: entry.revision };
  };
  return {
    async entry(key, isLocal = false) {
      if (!isLocal) await store.readBarrier();
      return read(key);
    },
    async list(prefix, limit, after = "") {
      await store.readBarrier();
      return store.state.list(prefix, after, limit).flatMap((key) => read(key) ?? []);
    },
    propose: (transaction) => store.propose("slice", transaction),
    acquire: (request, waitMs) => locks.acquire(request, waitMs),
    renew: (name, lease, token) => locks.renew(name, { lease, token }),
    release: (name, lease, token) => locks.release(name, { lease, token }),
  };
}

/**
 * Control's end of the port: answers what the resources thread asks, and takes what it tells.
 *
 * @returns the port, to be closed when another one takes its place
 */
export function serveStoreAccess(
  port: MessagePort,
  access: StoreAccess,
  onResources: (resources: readonly ResourceView[]) => void,
): MessagePort {
  port.onmessage = ({ data }: MessageEvent<ResourcesToControl>) => {
    if (data.type === "resources") {
      onResources(data.resources);
      return;
    }
    const { id, op, args } = data;
    const answer = (message: ControlToResources) => port.postMessage(message);
    Promise.try(access[op as keyof StoreAccess] as (...given: unknown[]) => unknown, ...args).then(
      (result) => answer({ id, ok: true, result }),
      (error) => answer({ id, ok: false, problem: toAetherError(error).toProblem() }),
    );
  };
  return port;
}

/** The store as the resources thread sees it. */
export class RemoteStoreAccess implements StoreAccess {
  #port: MessagePort;
  readonly #waiting = new Map<number, PromiseWithResolvers<unknown>>();
  #nextId = 1;

  constructor(port: MessagePort) {
    this.#port = port;
    this.#listen();
  }

  /** Uses this port from now on: control is new. What the former one was asked is not known. */
  connect(port: MessagePort): void {
    this.#port.close();
    this.#port = port;
    this.#listen();
    const lost = new AetherError("RESOURCE_LOST", "The node's control restarted meanwhile");
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(lost);
  }

  #listen(): void {
    this.#port.onmessage = ({ data }: MessageEvent<ControlToResources>) => {
      const waiting = this.#waiting.get(data.id);
      this.#waiting.delete(data.id);
      if (data.ok) waiting?.resolve(data.result);
      else waiting?.reject(AetherError.fromProblem(data.problem));
    };
  }

  /** Tells control what resources there are. */
  tell(resources: readonly ResourceView[]): void {
    this.#port.postMessage({ type: "resources", resources } satisfies ResourcesToControl);
  }

  entry(key: string, isLocal = false): Promise<StoreEntry | undefined> {
    return this.#ask("entry", key, isLocal);
  }

  list(prefix: string, limit: number, after = ""): Promise<StoreEntry[]> {
    return this.#ask("list", prefix, limit, after);
  }

  propose(transaction: Transaction): Promise<Applied> {
    return this.#ask("propose", transaction);
  }

  acquire(request: LockRequest, waitMs: number): Promise<number> {
    return this.#ask("acquire", request, waitMs);
  }

  renew(name: string, lease: string, token: number): Promise<void> {
    return this.#ask("renew", name, lease, token);
  }

  release(name: string, lease: string, token: number): Promise<void> {
    return this.#ask("release", name, lease, token);
  }

  #ask<Result>(op: keyof StoreAccess, ...args: readonly unknown[]): Promise<Result> {
    const id = this.#nextId++;
    const waiting = Promise.withResolvers<unknown>();
    this.#waiting.set(id, waiting);
    this.#port.postMessage({ type: "ask", id, op, args } satisfies ResourcesToControl);
    return waiting.promise as Promise<Result>;
  }
}
