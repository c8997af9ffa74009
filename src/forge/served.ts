/**
 * Waits until an app listener serves routes, without running any code of a slice.
 *
 * @module
 */
import { AetherError } from "../base/errors.ts";

const timeoutMsDefault = 10_000;
const intervalMs = 20;
/** No slice has this method, so a known path answers 405 and an unknown one 404. */
const probeMethod = "PROPFIND";

/**
 * Resolves when every path is known at the app's address.
 *
 * @param app URL such as `http://127.0.0.1:8070`
 * @param paths Routes such as `/urls/:code`
 * @throws {AetherError} TIMEOUT naming the path that is not served
 */
export async function waitUntilServed(
  app: string,
  paths: readonly string[],
  signal: AbortSignal,
  timeoutMs = timeoutMsDefault,
): Promise<void> {
  const endMs = performance.now() + timeoutMs;
  for (const path of new Set(paths)) {
    const url = app + path.replaceAll(/:[^/]+/g, "x");
    for (;;) {
      const response = await fetch(url, { method: probeMethod, signal });
      await response.body?.cancel();
      if (response.status === 405) break;
      if (performance.now() > endMs) {
        const text = `${path} is not served at ${app} although it is deployed`;
        throw new AetherError("TIMEOUT", text, { hint: "Look at the log of the node" });
      }
      await new Promise((resolve) => setTimeout(resolve, intervalMs));
    }
  }
}
