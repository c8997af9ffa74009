/**
 * Snapshots from node to node: what a node asks for when the entries that it lacks are gone.
 *
 * @module
 */
import { createHash } from "node:crypto";
import { AetherError, toAetherError } from "../../../base/errors.ts";
import type { Logger } from "../../../sdk/logger.ts";
import type { Asks } from "../asks.ts";
import { decodeSnapshot } from "../genesis.ts";
import type { ReplicatedStore } from "../replicated_store.ts";

const snapshotTimeoutMs = 60_000;
const snapshotTopic = "snapshot";
/** Of SHA-256. */
const hashBytes = 32;

/** What a transfer needs. */
export interface SnapshotTransferOptions {
  /** Id of the cluster; snapshots of others are refused. */
  readonly cluster: string;
  readonly asks: Asks;
  readonly store: Pick<ReplicatedStore, "snapshot" | "install">;
  readonly log: Logger;
}

/** Gives this node's snapshots to others, and installs theirs. */
export class SnapshotTransfer {
  readonly #options: SnapshotTransferOptions;
  #isInstalling = false;
  #isStopped = false;

  constructor(options: SnapshotTransferOptions) {
    this.#options = options;
    const { asks, store } = options;
    asks.handle(snapshotTopic, () => Promise.resolve(signed(store.snapshot().bytes)));
  }

  /** Fetches the snapshot of a peer and installs it; what fails is asked for again later. */
  async install(from: string): Promise<void> {
    if (this.#isInstalling || this.#isStopped) return;
    this.#isInstalling = true;
    const { cluster, asks, store, log } = this.#options;
    try {
      const answer = await asks.ask(from, snapshotTopic, new Uint8Array(), snapshotTimeoutMs);
      const bytes = verified(answer);
      const { nextSlot, configurations, state, genesis } = decodeSnapshot(bytes);
      if (genesis.cluster !== cluster) {
        throw new AetherError("STORAGE_CORRUPT", `Node ${from} sent another cluster's snapshot`);
      }
      if (await store.install(nextSlot, configurations, state)) {
        log.info("A snapshot was installed", { from, nextSlot, bytes: bytes.length });
      }
    } catch (error) {
      log.warn("A snapshot could not be installed", { from, error: toAetherError(error).message });
    } finally {
      this.#isInstalling = false;
    }
  }

  /** Begins no other installation. */
  stop(): void {
    this.#isStopped = true;
  }
}

/** A snapshot with its SHA-256 before it. */
function signed(bytes: Uint8Array): Uint8Array {
  const whole = new Uint8Array(hashBytes + bytes.length);
  whole.set(createHash("sha256").update(bytes).digest());
  whole.set(bytes, hashBytes);
  return whole;
}

function verified(whole: Uint8Array): Uint8Array {
  const bytes = whole.subarray(hashBytes);
  const hash = createHash("sha256").update(bytes).digest();
  if (hash.every((byte, index) => byte === whole[index])) return bytes;
  throw new AetherError("STORAGE_CORRUPT", "The snapshot does not match its hash");
}
