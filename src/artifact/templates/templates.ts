/**
 * The templates of `aether slice new`, by name.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { schedulesSchema } from "../../protocol/schedule/schedule.ts";
import type { SliceDescription } from "../../protocol/slice/manifest.ts";
import { sliceTomlSchema } from "../../protocol/slice/slice_toml.ts";
import { compare } from "../build.ts";
import { cronTemplate } from "./cron.ts";
import { httpTemplate } from "./http.ts";
import type { Template } from "./template.ts";
import { topicTemplate } from "./topic.ts";
import { workerTemplate } from "./worker.ts";

/** Names of the templates. */
export const templateNames = ["http", "worker", "cron", "topic"] as const;
/** One of {@link templateNames}. */
export type TemplateName = typeof templateNames[number];

/** All templates. */
export const templates: Readonly<Record<TemplateName, Template>> = {
  http: httpTemplate,
  worker: workerTemplate,
  cron: cronTemplate,
  topic: topicTemplate,
};

/**
 * Why slices of a template cannot run in this version; undefined when they can.
 *
 * The checks of a build decide, so that both say the same.
 */
export function missingFor(name: TemplateName): AetherError | undefined {
  const uses: Partial<Record<TemplateName, Partial<SliceDescription>>> = {
    topic: { resources: [{ name: "notes", type: "topic", options: {} }] },
    cron: { schedules: schedulesSchema.parse({ tick: { every: "5s" } }) },
  };
  const contract = "org.example:any";
  const { issues } = compare(sliceTomlSchema.parse({ artifact: `${contract}:1.0.0` }), {
    ...{ contract, methods: {}, errors: {}, calls: [], resources: [] },
    ...uses[name],
  });
  if (issues.length === 0) return undefined;
  const what = name === "topic" ? "topics" : "schedules";
  return new AetherError("NOT_BUILT", `This version of aether does not run ${what} yet`, {
    hint: "Use another template; CHANGELOG.md says what a version has",
  });
}
