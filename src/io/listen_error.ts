/**
 * Turns the failure to open a listener into an error that says what to do.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";
import { type Address, formatAddress } from "../base/transport/transport.ts";

/**
 * The error for a listener that could not be opened.
 *
 * @param name the section of aether.toml that holds its host and port
 */
export function listenError(
  error: unknown,
  name: "app" | "management" | "cluster",
  address: { readonly host: string; readonly port: number },
): AetherError {
  const where = `${address.host}:${address.port}`;
  if (error instanceof Deno.errors.AddrInUse) {
    return new AetherError(
      "PORT_TAKEN",
      `The ${name} port ${where} is taken by another program`,
      { hint: `Stop that program, or set ${name}.port (0 picks a free port)`, cause: error },
    );
  }
  const reason = error instanceof Error ? error.message : String(error);
  return new AetherError(
    "CONFIG_INVALID",
    `The ${name} port ${where} cannot be opened: ${reason}`,
    {
      hint: `Correct ${name}.host and ${name}.port`,
      cause: error,
    },
  );
}

/** The error for a transport that could not listen. */
export function cannotListen(address: Address, cause: unknown): AetherError {
  const where = formatAddress(address);
  const { code } = cause as { readonly code?: string };
  if (cause instanceof Deno.errors.AddrInUse || code === "EADDRINUSE") {
    return new AetherError("PORT_TAKEN", `Another program listens on ${where} already`, { cause });
  }
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new AetherError("CONFIG_INVALID", `Listening on ${where} failed: ${reason}`, {
    hint: "Choose an address of this machine and a port this user may use",
    cause,
  });
}
