/**
 * The part of a slice's description that is about schedules.
 *
 * @module
 */
import { AetherError, type Issue } from "../../base/errors.ts";
import { schedulesSchema } from "../../protocol/schedule/schedule.ts";
import type { SliceDescription } from "../../protocol/slice/manifest.ts";
import type { SliceDefinition } from "../slice.ts";

const namePattern = /^[a-z][A-Za-z0-9]{0,62}$/;

/**
 * The schedules of a definition; nothing when it has none.
 *
 * @throws {AetherError} SLICE_INVALID with all problems.
 */
export function describeSchedules(
  { contract, subscriptions = {}, schedules = {} }: Pick<
    SliceDefinition,
    "contract" | "subscriptions" | "schedules"
  >,
): Pick<SliceDescription, "schedules"> {
  const names = Object.keys(schedules);
  if (names.length === 0) return {};
  const issues: Issue[] = [];
  for (const name of names) {
    const path = `schedules.${name}`;
    if (!namePattern.test(name)) {
      issues.push({ path, message: `Schedule "${name}" must be named in camelCase` });
    }
    const other = Object.hasOwn(contract.methods, name)
      ? "a method"
      : Object.hasOwn(subscriptions, name)
      ? "a subscription"
      : undefined;
    if (other === undefined) continue;
    const message = `"${name}" is ${other} and a schedule of ${contract.name}: rename one`;
    issues.push({ path, message });
  }
  const parsed = schedulesSchema.safeParse(schedules);
  for (const { path, message } of parsed.error?.issues ?? []) {
    issues.push({ path: ["schedules", ...path.map(String)].join("."), message });
  }
  if (issues.length === 0 && parsed.success) return { schedules: parsed.data };
  const [first] = issues;
  throw new AetherError("SLICE_INVALID", `${first?.path}: ${first?.message}`, { issues });
}
