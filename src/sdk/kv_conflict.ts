/**
 * The error of a `kv()` write whose `ifRevision` does not match; the same in the node and in tests.
 *
 * @module
 */
import { SliceError } from "./slice_error.ts";

/** The key is at another revision than the writer expected. */
export function kvConflict(key: string, expected: number, actual: number): SliceError {
  return new SliceError(
    "KV_CONFLICT",
    `Key "${key}" is at revision ${actual}, not ${expected}: read it again`,
    { status: 409, data: { key, expected, actual } },
  );
}
