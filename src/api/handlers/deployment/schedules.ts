/**
 * Handlers of the rows about schedules.
 *
 * @module
 */
import type { scheduleRows } from "../../../protocol/api/deployment/schedules.ts";
import type { Handlers } from "../../handler.ts";

/** See `protocol/api/deployment/schedules.ts`. */
export const scheduleHandlers: Handlers<keyof typeof scheduleRows> = {
  scheduleList: (_request, { control: { schedules } }) => ({ body: schedules.list() }),
  scheduleListOf: ({ params: { contract } }, { control: { schedules } }) => ({
    body: schedules.list(contract),
  }),
  scheduleGet: ({ params: { contract, name } }, { control: { schedules } }) => ({
    body: schedules.get(contract, name),
  }),
  schedulePause: async ({ params: { contract, name } }, { control: { schedules } }) => ({
    body: await schedules.pause(contract, name),
  }),
  scheduleResume: async ({ params: { contract, name } }, { control: { schedules } }) => ({
    body: await schedules.resume(contract, name),
  }),
  scheduleTrigger: async ({ params: { contract, name } }, { control: { schedules } }) => ({
    body: await schedules.trigger(contract, name),
  }),
};
