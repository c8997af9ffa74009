/**
 * Options that say which dead letters are meant.
 *
 * @module
 */

/** For commands that are about some of them. */
export const letterFilter = {
  kind: {
    value: "KIND",
    summary: "Only letters of topics, or of schedules",
    choices: ["topic", "schedule"],
  },
  slice: { value: "NAME", summary: "Only letters of this slice, group:name" },
  topic: { value: "NAME", summary: "Only letters of this topic" },
} as const;

/** The filter as the API takes it. */
export function filterOf(
  { kind, slice, topic }: {
    readonly kind: "topic" | "schedule" | undefined;
    readonly slice: string | undefined;
    readonly topic: string | undefined;
  },
) {
  return {
    ...(kind === undefined ? {} : { kind }),
    ...(slice === undefined ? {} : { contract: slice }),
    ...(topic === undefined ? {} : { topic }),
  };
}
