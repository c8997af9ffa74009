/**
 * The templates of `aether slice new`, by name.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { resourceTypes } from "../../protocol/slice/resources.ts";
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

/** Whether nodes of this version run schedules. */
const runsSchedules = false;

/** Why slices of a template cannot run in this version; undefined when they can. */
export function missingFor(name: TemplateName): AetherError | undefined {
  const isMissing = name === "topic"
    ? !resourceTypes.includes("topic")
    : name === "cron" && !runsSchedules;
  if (!isMissing) return undefined;
  const what = name === "topic" ? "topics" : "schedules";
  return new AetherError("NOT_BUILT", `This version of aether does not run ${what} yet`, {
    hint: "Use the template http or worker; CHANGELOG.md says what a version has",
  });
}
