/**
 * Checks what a shell posts to its creator.
 *
 * The slice's code runs beside the shell and can post to the same place, on purpose or because a
 * library believes to be in a worker of its own. Nothing that it sends may harm the creator's
 * thread.
 *
 * @module
 */
import { z } from "zod";
import type { FromShell } from "../protocol/thread/instance.ts";

const issue = z.object({ path: z.string(), message: z.string(), line: z.int().optional() });
const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  name: z.string(),
  hint: z.string(),
  issues: z.array(issue).optional(),
});
const bytes = z.number().min(0);
const memory = z.object({ heapBytes: bytes, externalBytes: bytes });
const messageSchema = z.discriminatedUnion("type", [
  z.object({ type: z.literal("described"), description: z.unknown() }),
  z.object({ type: z.literal("ready") }),
  z.object({ type: z.literal("failed"), problem }),
  z.object({ type: z.literal("stopped") }),
  z.object({ type: z.literal("pong"), sequence: z.int(), memory, ready: z.boolean() }),
]);

/**
 * The message, or undefined when no shell sends such a one. What a slice says of itself in
 * `described` is not checked here.
 */
export function readFromShell(data: unknown): FromShell | undefined {
  return messageSchema.safeParse(data).success ? data as FromShell : undefined;
}
