/**
 * The management API as `aether dev` needs it, over the typed client.
 *
 * @module
 */
import { AetherClient } from "../src/client/client.ts";
import { followDeployment } from "../src/client/follow.ts";

const uploadTimeoutMs = 60_000;
const deployTimeoutMs = 60_000;

/** Deployments on the node with this management address; see `DevCluster` in src/forge. */
export function devCluster(address: string) {
  const client = new AetherClient({ address });
  return {
    async publish(path: string, bytes: Uint8Array, signal: AbortSignal): Promise<void> {
      const body = { bytes, contentType: "application/octet-stream" };
      const options = { signal, timeoutMs: uploadTimeoutMs };
      await client.call("repositoryPut", { params: { path }, body }, options);
    },
    async deploy(blueprint: string, signal: AbortSignal): Promise<string> {
      const bytes = new TextEncoder().encode(blueprint);
      const body = { bytes, contentType: "application/toml" };
      const { id, number } = await client.call("blueprintApply", { body }, { signal });
      // This revision: when it fails, the one before is deployed again at once.
      const options = { number, signal, timeoutMs: deployTimeoutMs, intervalMs: 25 };
      await followDeployment(client, id, options);
      return id;
    },
    async routes(signal: AbortSignal): Promise<string[]> {
      return (await client.call("routes", {}, { signal })).routes.map(({ path }) => path);
    },
  };
}
