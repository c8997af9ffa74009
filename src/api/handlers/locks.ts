/**
 * Handlers of the rows about leases and locks.
 *
 * @module
 */
import type { leaseRows, lockRows } from "../../protocol/api/locks.ts";
import type { Handlers } from "../handler.ts";

const waitShare = 0.8;

/** See `protocol/api/locks.ts`. */
export const lockHandlers: Handlers<keyof typeof leaseRows | keyof typeof lockRows> = {
  leaseGrant: async ({ body }, { control: { store } }) => {
    const { ttlMs, lease = crypto.randomUUID() } = body;
    await store.propose("user", {
      compare: [],
      then: [{ type: "grant", lease, ttlMs }],
      otherwise: [],
    });
    return { body: { lease, ttlMs } };
  },
  leaseRenew: async ({ params: { lease } }, { control: { store } }) => {
    await store.propose("user", { compare: [], then: [{ type: "renew", lease }], otherwise: [] });
    return { body: undefined };
  },
  leaseRevoke: async ({ params: { lease } }, { control: { store } }) => {
    await store.propose("user", { compare: [], then: [{ type: "revoke", lease }], otherwise: [] });
    return { body: undefined };
  },
  lockList: async ({ query }, { control }) => {
    await control.store.readBarrier();
    return { body: { locks: control.locks.list(query.prefix) } };
  },
  lockAcquire: async ({ params: { name }, body }, { control }) => {
    const { holder, ttlMs, lease = crypto.randomUUID() } = body;
    const longestMs = control.config.management.requestTimeoutMs * waitShare;
    const waitMs = Math.min(body.waitMs, longestMs);
    const token = await control.locks.acquire({ name, holder, ttlMs, lease }, waitMs);
    return { body: { name, token, lease, ttlMs } };
  },
  lockRenew: async ({ params: { name }, body }, { control }) => {
    await control.locks.renew(name, body);
    return { body: undefined };
  },
  lockRelease: async ({ params: { name }, body }, { control }) => {
    await control.locks.release(name, body);
    return { body: undefined };
  },
};
