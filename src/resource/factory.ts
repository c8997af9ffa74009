/**
 * What a type of resource is made of: a factory, the shared resource that it opens, and a session
 * for each user.
 *
 * A resource is opened once per node, type and section of the configuration, whoever uses it, and
 * closed after its last user. To add a type, write a factory, add it to `factories.ts`, its name to
 * `protocol/slice/resources.ts`, and a handle to the shell.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../base/errors.ts";
import { zodIssues } from "../sdk/dispatch.ts";
import type { Logger } from "../sdk/logger.ts";

/** A section of the configuration as it was written, references replaced. */
export type ResourceSection = { readonly type: string; readonly [key: string]: unknown };

/** Opens resources of one type. */
export interface ResourceFactory<Options = unknown> {
  readonly type: string;
  /** Of several factories that support a section the one with the highest number opens it. */
  readonly priority: number;
  /** Schema of the section without `type` and `slices`; undefined when there is no section. */
  readonly options: z.ZodType<Options> | undefined;
  /** Whether it can open this section, looking at more than the type. */
  supports(section: ResourceSection | undefined): boolean;
  /** Opens the resource that all users of a section share. */
  open(options: Options, context: OpenContext): SharedResource | Promise<SharedResource>;
}

/** What a factory gets from the node. */
export interface OpenContext {
  /** Name of the section, "" without one. */
  readonly section: string;
  readonly log: Logger;
  /** Says that {@link SharedResource.figures} has changed; passed on about once a second. */
  changed(): void;
  /**
   * A part of the running node that was registered under this key.
   *
   * @throws {AetherError} RESOURCE_FAILED when nobody registered one.
   */
  extension<Component>(key: ExtensionKey<Component>): Component;
}

/** Names a part of the running node together with its type; made by {@link extensionKey}. */
export interface ExtensionKey<Component> {
  readonly name: string;
  /** Carries the component's type; never set. */
  readonly component?: Component;
}

/** Makes a key for `ResourceRegistry.registerExtension`. */
export function extensionKey<Component>(name: string): ExtensionKey<Component> {
  return { name };
}

/** An open resource. */
export interface SharedResource {
  /** Lets an instance use it; called once for each of its needs. */
  session(user: ResourceUser): ResourceSession;
  /** Figures for operators, by name. */
  figures?(): Readonly<Record<string, number>>;
  /** The section has other values now; what cannot follow leaves this out. */
  update?(options: unknown): void;
  /** Ends it; its last session is closed by then. */
  close(): void | Promise<void>;
}

/** Who uses a resource. */
export interface ResourceUser {
  readonly instance: string;
  /** `group:name` of its slice. */
  readonly artifactBase: string;
  /** What its manifest asks for under `net`. */
  readonly hosts: readonly string[];
  /** The topic that it needs, of that type of resource. */
  readonly topic?: string;
  /** Tells the instance's handle something. */
  notify(event: string, value: unknown): void;
}

/** One need of one instance. */
export interface ResourceSession {
  /** Executes what the handle asks for; the message comes from a sandbox and is not checked. */
  call(message: CallMessage): Promise<unknown>;
  /** The instance has ended: gives free whatever it still holds. */
  close(): void;
}

/** A message of a handle; its arguments stand beside `op`. */
export type CallMessage = { readonly op: string; readonly [argument: string]: unknown };

/**
 * The message as its schema has it.
 *
 * @throws {AetherError} REQUEST_INVALID with all issues.
 */
export function parseCall<S extends z.ZodType>(schema: S, message: CallMessage): z.output<S> {
  const parsed = schema.safeParse(message);
  if (parsed.success) return parsed.data;
  throw new AetherError("REQUEST_INVALID", "The resource request is not valid", {
    issues: zodIssues(parsed.error),
    hint: "Correct the arguments of the call",
  });
}

/** The keys of every section that are the framework's own. */
export const commonOptions = {
  type: z.string(),
  /** `group:name` of the slices that may use the section; without it all may. */
  slices: z.array(z.string()).optional(),
};
