/**
 * How operations on the DHT end.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Cause } from "./message.ts";
import type { Version } from "./version.ts";

/** Why an operation failed; nothing of it is ever reported as absent. */
export type DhtFailure =
  /** Too few owners answered. A write may have been stored by some and may be seen later. */
  | {
    readonly reason: "quorumNotReached";
    readonly required: number;
    readonly got: number;
    readonly owners: number;
    /** The owners that did not do it, and why. */
    readonly missing: readonly { readonly node: string; readonly cause: Cause }[];
  }
  /** Too many operations are under way: nothing was sent. */
  | { readonly reason: "busy"; readonly limit: number }
  /** The node does not know yet who the members are: nothing was sent. */
  | { readonly reason: "noView" }
  /** The key or the value is outside the limits: nothing was sent. */
  | { readonly reason: "invalid"; readonly detail: string };

/** How an operation ended. */
export type DhtResult =
  | { readonly type: "found"; readonly value: Uint8Array; readonly version: Version }
  /** A quorum agrees that there is no value; with the tombstone's version, if there is one. */
  | { readonly type: "absent"; readonly version: Version | undefined }
  /** Stored by a quorum, in `copies` of `owners` places so far. */
  | {
    readonly type: "stored";
    readonly version: Version;
    readonly copies: number;
    readonly owners: number;
  }
  | { readonly type: "failed"; readonly failure: DhtFailure };

/** The error to show for a failure. */
export function dhtError(failure: DhtFailure, key: string): AetherError {
  switch (failure.reason) {
    case "quorumNotReached": {
      const { required, got, owners, missing } = failure;
      const why = missing.map(({ node, cause }) => `${node}: ${cause}`).join(", ");
      const detail = `${got} of ${owners} owners answered for "${key}", ${required} are required`;
      return new AetherError("DHT_QUORUM", why === "" ? detail : `${detail} (${why})`);
    }
    case "busy":
      return new AetherError("DHT_BUSY", `${failure.limit} operations are under way`);
    case "noView":
      return new AetherError("DHT_NOT_READY", "The node does not know the members of the DHT yet");
    case "invalid":
      return new AetherError("DHT_INVALID", failure.detail);
  }
}
