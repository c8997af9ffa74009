/**
 * Handler of the row about resources.
 *
 * @module
 */
import type { resourceRows } from "../../protocol/api/resources.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/resources.ts`. */
export const resourceHandlers: Handlers<keyof typeof resourceRows> = {
  resources: async (_request, { control }) => ({ body: await control.resources.all() }),
};
