/**
 * The name under which the shell gives the SDK and zod to bundled slices.
 *
 * @module
 */

/** Key for `Symbol.for`; the number is the version of the SDK's interface. */
export const sdkGlobalName = "aether.sdk.1";
