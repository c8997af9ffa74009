/**
 * Certificate and key of a port that clients call with HTTPS, for `Deno.serve`.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";

/**
 * The options of `Deno.serve`; none without a table.
 *
 * @param section the section of aether.toml that has the table `tls`
 * @throws {AetherError} FILE_UNREADABLE
 */
export function serverTls(
  section: "management" | "app",
  tls: { readonly certificate: string; readonly key: string } | undefined,
): { cert: string; key: string } | Record<never, never> {
  if (tls === undefined) return {};
  return { cert: readPem(section, tls.certificate), key: readPem(section, tls.key) };
}

function readPem(section: string, path: string): string {
  try {
    return Deno.readTextFileSync(path);
  } catch (cause) {
    const text = `The file "${path}" of ${section}.tls cannot be read`;
    throw new AetherError("FILE_UNREADABLE", text, { cause });
  }
}
