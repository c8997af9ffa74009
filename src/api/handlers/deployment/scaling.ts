/**
 * Handlers of the rows about scaling.
 *
 * @module
 */
import type { scalingRows } from "../../../protocol/api/deployment/scaling.ts";
import type { Handlers } from "../../handler.ts";

/** See `protocol/api/deployment/scaling.ts`. */
export const scalingHandlers: Handlers<keyof typeof scalingRows> = {
  scale: async ({ body }, { control }) => ({
    body: await control.deployment.scale(body.artifact, body.instances),
  }),
  controllerDecisions: async (_request, { control }) => ({
    body: await control.deployment.decisions(),
  }),
};
