/**
 * A network of its own: loopback only, every port free, and no way out.
 *
 * @module
 */
import type { World } from "./world.ts";

/** Starts one in the world; returns the words to put in front of programs that live in it. */
export async function isolatedNetwork(world: World): Promise<string[]> {
  const isRoot = Deno.uid() === 0;
  const script = "ip link set lo up && echo up && exec sleep 3600";
  const holder = world.startProgram(["unshare", isRoot ? "-n" : "-Urn", "sh", "-c", script]);
  await holder.line("stdout", (line) => line === "up" || undefined);
  const user = isRoot ? [] : ["-U", "--preserve-credentials"];
  return ["nsenter", "-t", String(holder.pid), "-n", ...user];
}
