/**
 * Handlers of the rows about the configuration.
 *
 * @module
 */
import type { configRows } from "../../protocol/api/config.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/config.ts`. */
export const configHandlers: Handlers<keyof typeof configRows> = {
  configList: (_request, { control }) => ({
    body: { node: control.config.node.id, keys: control.overlay.effective },
  }),
  overrideList: (_request, { control }) => ({
    body: {
      overrides: control.overlay.list().map(({ key, value, node, revision }) => ({
        key,
        value,
        node: node ?? null,
        revision,
      })),
    },
  }),
  overrideSet: async ({ body: { key, value, node } }, { control }) => {
    const { revision, effect } = await control.overlay.set(key, value, node);
    return { body: { key, node: node ?? null, revision, effect } };
  },
  overrideRemove: async ({ params: { key }, query: { node } }, { control }) => {
    const { revision, effect } = await control.overlay.remove(key, node);
    return { body: { key, node: node ?? null, revision, effect } };
  },
};
