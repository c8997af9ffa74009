/**
 * The resource type `config`: values of a section, which the operator may override while the node
 * runs.
 *
 * @module
 */
import { z } from "zod";
import {
  parseCall,
  type ResourceFactory,
  type ResourceSession,
  type ResourceUser,
  type SharedResource,
} from "../factory.ts";

const callSchema = z.object({ op: z.literal("get") });
const rule = "write texts, numbers, true or false, or lists of texts";
const value = z.union([z.string(), z.number(), z.boolean(), z.array(z.string())], { error: rule });
const optionsSchema = z.strictObject({
  values: z.record(z.string().regex(/^[A-Za-z][A-Za-z0-9_]{0,62}$/), value, {
    error: "write a table of values",
  }).default({}),
});
type Options = z.output<typeof optionsSchema>;

/** Opens sections of values. */
export const configFactory: ResourceFactory<Options> = {
  type: "config",
  priority: 0,
  options: optionsSchema,
  supports: (section) => section !== undefined,
  open: (options) => new LiveValues(options),
};

class LiveValues implements SharedResource {
  readonly #users = new Set<ResourceUser>();
  #values: Options["values"];

  constructor({ values }: Options) {
    this.#values = values;
  }

  session(user: ResourceUser): ResourceSession {
    this.#users.add(user);
    return {
      call: (message) =>
        Promise.try(() => {
          parseCall(callSchema, message);
          return this.#values;
        }),
      close: () => {
        this.#users.delete(user);
      },
    };
  }

  update(options: unknown): void {
    const { values } = options as Options;
    if (JSON.stringify(values) === JSON.stringify(this.#values)) return;
    this.#values = values;
    for (const user of this.#users) user.notify("changed", values);
  }

  close(): void {}
}
