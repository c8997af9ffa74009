/**
 * Log time, and leases that end by it together with their keys.
 *
 * Log time is part of the replicated state: it advances only by the leader's ticks, so all nodes
 * agree on what has expired, whatever their clocks say. It never runs ahead of real time for a
 * holder: a tick under way when a lease is granted covers time before it, so every deadline has the
 * longest tick added. {@link StoreState} deletes the keys; this only knows which.
 *
 * @module
 */
import { type ByteReader, type ByteWriter, DecodeError } from "../base/codec.ts";
import { limits } from "../protocol/limits.ts";
import { idBytesMax, tickMsMax } from "../protocol/store/command.ts";

/** Leases at the same time. */
const leasesMax = 10_000;
const keysMax = 1_000_000;

interface Lease {
  ttlMs: number;
  deadlineMs: number;
  readonly keys: Set<string>;
}

/** The leases of a store. */
export class Leases {
  readonly #leases = new Map<string, Lease>();
  readonly #byKey = new Map<string, string>();

  /** Leases that have not ended. */
  get size(): number {
    return this.#leases.size;
  }

  /** Whether so many further leases fit. */
  hasRoomFor(count: number): boolean {
    return this.#leases.size + count <= leasesMax;
  }

  /** Whether a lease exists. */
  has(lease: string): boolean {
    return this.#leases.has(lease);
  }

  /** Makes a lease, or begins one anew with its keys. */
  grant(lease: string, ttlMs: number, nowMs: number): void {
    const keys = this.#leases.get(lease)?.keys ?? new Set<string>();
    this.#leases.set(lease, { ttlMs, deadlineMs: deadlineOf(ttlMs, nowMs), keys });
  }

  /** Starts the time of a lease again; does nothing without it. */
  renew(lease: string, nowMs: number): void {
    const known = this.#leases.get(lease);
    if (known !== undefined) known.deadlineMs = deadlineOf(known.ttlMs, nowMs);
  }

  /** Binds a key to a lease, or to none. */
  bind(key: string, lease: string | undefined): void {
    const former = this.#byKey.get(key);
    if (former === lease) return;
    if (former !== undefined) {
      this.#leases.get(former)?.keys.delete(key);
      this.#byKey.delete(key);
    }
    if (lease === undefined) return;
    this.#leases.get(lease)?.keys.add(key);
    this.#byKey.set(key, lease);
  }

  /** Ends a lease; answers its keys in order. */
  end(lease: string): string[] {
    const keys = [...this.#leases.get(lease)?.keys ?? []].sort();
    for (const key of keys) this.#byKey.delete(key);
    this.#leases.delete(lease);
    return keys;
  }

  /** Leases whose time is over, in order. */
  expired(nowMs: number): string[] {
    const found: string[] = [];
    for (const [lease, { deadlineMs }] of this.#leases) {
      if (deadlineMs <= nowMs) found.push(lease);
    }
    return found.sort();
  }

  /** Writes all leases in a fixed order. */
  write(writer: ByteWriter): void {
    const sorted = [...this.#leases].sort(([a], [b]) => a < b ? -1 : 1);
    writer.list(sorted, ([lease, { ttlMs, deadlineMs, keys }], to) => {
      to.string(lease).varint(ttlMs).varint(deadlineMs);
      to.list([...keys].sort(), (key, into) => into.string(key));
    });
  }

  /** Reads what {@link Leases.write} wrote. */
  static read(reader: ByteReader): Leases {
    const leases = new Leases();
    reader.list(leasesMax, (from) => {
      const offset = from.offset;
      const lease = from.string(idBytesMax);
      const ttlMs = from.varint();
      const deadlineMs = from.varint();
      const keys = new Set(from.list(keysMax, (item) => item.string(limits.keyBytes)));
      if (leases.has(lease)) throw new DecodeError("Lease appears twice", offset);
      leases.#leases.set(lease, { ttlMs, deadlineMs, keys });
      for (const key of keys) {
        if (leases.#byKey.has(key)) throw new DecodeError("Key has two leases", offset);
        leases.#byKey.set(key, lease);
      }
    });
    return leases;
  }
}

function deadlineOf(ttlMs: number, nowMs: number): number {
  return nowMs + ttlMs + tickMsMax;
}
