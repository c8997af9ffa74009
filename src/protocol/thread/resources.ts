/**
 * Messages of the resources thread: with the supervisor, and with control, which has the store.
 *
 * Only our code sends these, so receivers do not validate them. What instances send to the thread
 * is in `instance.ts`.
 *
 * @module
 */
import { z } from "zod";
import type { Problem } from "../../base/errors.ts";
import type { Config } from "../config/config.ts";
import type { ResourceConsumer } from "../slice/resources.ts";
import type { Heartbeat } from "./threads.ts";

/** States of a resource. */
const resourceStates = ["OPENING", "OPEN", "FAILED", "CLOSING"] as const;

/** A resource of a node and who uses it. */
export const resourceViewSchema = z.object({
  type: z.string(),
  /** Section of the configuration, "" when the type has none. */
  section: z.string(),
  state: z.enum(resourceStates),
  /** Why it could not be opened. */
  reason: z.string().optional(),
  /** How it is doing, by name, e.g. `hits`; of types that have such figures. */
  figures: z.record(z.string(), z.number()).optional(),
  references: z.int(),
  users: z.array(z.object({
    instance: z.string(),
    artifact: z.string(),
    /** Name in the slice's `needs`. */
    need: z.string(),
  })),
});
/** See {@link resourceViewSchema}. */
export type ResourceView = z.output<typeof resourceViewSchema>;

/** supervisor -> resources. */
export type ToResources =
  | Heartbeat
  | { readonly type: "start"; readonly config: Config; readonly control: MessagePort }
  /** Control has died, and there is a new one. */
  | { readonly type: "control"; readonly control: MessagePort }
  | { readonly type: "config"; readonly config: Config }
  /** The storage thread, at its start and after each restart. */
  | { readonly type: "storage"; readonly storage: MessagePort }
  /** Where this node listens, `host:port`: no slice is led there. */
  | { readonly type: "addresses"; readonly addresses: readonly string[] }
  | { readonly type: "instance"; readonly consumer: ResourceConsumer; readonly port: MessagePort }
  | { readonly type: "instanceEnded"; readonly instance: string };

/** resources -> supervisor. */
export type FromResources =
  | Heartbeat
  /** The thread has loaded and answers from now on. */
  | { readonly type: "started" };

/** resources -> control, on their own port. */
export type ResourcesToControl =
  /** A question to the store; `op` is a method of `StoreAccess`. */
  | {
    readonly type: "ask";
    readonly id: number;
    readonly op: string;
    readonly args: readonly unknown[];
  }
  /** All resources, after a change. */
  | { readonly type: "resources"; readonly resources: readonly ResourceView[] };

/** control -> resources, on their own port. */
export type ControlToResources =
  | { readonly id: number; readonly ok: true; readonly result: unknown }
  | { readonly id: number; readonly ok: false; readonly problem: Problem };
