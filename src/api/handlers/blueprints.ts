/**
 * Handlers of the rows about blueprints.
 *
 * @module
 */
import type { blueprintRows } from "../../protocol/api/blueprints.ts";
import { decodeText } from "../body.ts";
import type { Handlers } from "../handler.ts";

/** See `protocol/api/blueprints.ts`. */
export const blueprintHandlers: Handlers<keyof typeof blueprintRows> = {
  blueprintApply: async ({ body, query }, { control }) => ({
    body: await control.blueprints.apply(decodeText(body.bytes), query.ifRevision),
  }),
  blueprintList: (_request, { control }) => ({
    body: {
      blueprints: control.blueprints.list().map(({ id, slices, status, revision }) => ({
        id,
        slices: slices.length,
        status,
        revision,
      })),
    },
  }),
  blueprintGet: ({ params }, { control }) => ({ body: control.blueprints.get(params.id) }),
  blueprintStatus: ({ params, query }, { control }) => ({
    body: control.blueprints.status(params.id, query.number),
  }),
  blueprintHistory: ({ params }, { control }) => ({
    body: {
      revisions: control.blueprints.history(params.id).map(({ blueprint, ...revision }) => ({
        ...revision,
        id: blueprint.id,
        slices: blueprint.slices.length,
      })),
    },
  }),
  blueprintRevert: async ({ params, body }, { control }) => ({
    body: await control.blueprints.revert(params.id, body.to),
  }),
  blueprintDelete: async ({ params }, { control }) => ({
    body: {
      status: "deleted",
      id: params.id,
      revision: await control.blueprints.delete(params.id),
    },
  }),
  blueprintValidate: async ({ body }, { control }) => {
    const { id, slices } = await control.blueprints.check(decodeText(body.bytes));
    return { body: { valid: true, id, slices: slices.length } };
  },
  blueprintPlan: async ({ body }, { control }) => ({
    body: await control.blueprints.plan(decodeText(body.bytes)),
  }),
};
