/**
 * Handlers of the rows about calls.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { callRows } from "../../protocol/api/calls.ts";
import { keys } from "../../protocol/keys.ts";
import { storedValues } from "../../node/control/views.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/calls.ts`. */
export const callHandlers: Handlers<keyof typeof callRows> = {
  calls: async (_request, { control }) => {
    const { windowMs, methods } = await control.figures.read();
    return { body: { windowMs, methods } };
  },
  aspectList: (_request, { control }) => {
    const aspects = storedValues(control.store.state, keys.aspect).map(({ key, value }) => {
      const [contract = "", method = ""] = keys.aspect.parts(key);
      return { contract, method, mode: value.mode };
    });
    return { body: { aspects } };
  },
  aspectSet: async ({ body: { contract, method, mode } }, { control: { store } }) => {
    const operation = keys.aspect.put(keys.aspect.key(contract, method), { mode });
    const { revision } = await store.propose("operator", {
      compare: [],
      then: [operation],
      otherwise: [],
    });
    return { body: { contract, method, mode, revision } };
  },
  aspectRemove: async ({ params: { contract, method } }, { control: { store } }) => {
    const { deleted, revision } = await store.propose("operator", {
      compare: [],
      then: [{ type: "delete", key: keys.aspect.key(contract, method) }],
      otherwise: [],
    });
    if (deleted > 0) return { body: { contract, method, revision } };
    throw new AetherError("ASPECT_NOT_FOUND", `Nothing is set for ${contract} ${method}`);
  },
};
