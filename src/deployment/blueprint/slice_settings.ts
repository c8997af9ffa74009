/**
 * What a blueprint sets for single methods of its slices, compared with what the slices have.
 *
 * @module
 */
import { AetherError, type Issue } from "../../base/errors.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { changeProblem } from "../../protocol/schedule/schedule.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import type { ListedSlice, ParsedBlueprint } from "../parse_blueprint.ts";

/**
 * Checks interceptors and schedules against the manifests of the listed slices.
 *
 * @param listed manifests by artifact base
 * @throws {AetherError} BLUEPRINT_INVALID with all problems.
 */
export function requireSettings(
  { slices }: ParsedBlueprint,
  listed: ReadonlyMap<string, Manifest>,
): void {
  const issues = slices.flatMap((slice, index) => {
    const definition = listed.get(artifactBase(slice.artifact))?.definition;
    const found = [...interceptorIssues(slice, definition), ...scheduleIssues(slice, definition)];
    return found.map(({ path, message }): Issue => ({
      path: `slices[${index}].${path}`,
      message,
      ...(slice.line === undefined ? {} : { line: slice.line }),
    }));
  });
  if (issues.length === 0) return;
  throw new AetherError("BLUEPRINT_INVALID", `${issues[0]?.message}`, { issues });
}

type Definition = Manifest["definition"] | undefined;

function interceptorIssues(
  { artifact, interceptors = {} }: ListedSlice,
  definition: Definition,
): Issue[] {
  const methods = definition?.methods ?? {};
  return Object.keys(interceptors)
    .filter((name) => name !== "*" && !Object.hasOwn(methods, name))
    .map((name) => ({
      path: `interceptors.${name}`,
      message: `${artifact} has no method "${name}"; it has ${Object.keys(methods).join(", ")}`,
    }));
}

function scheduleIssues(
  { artifact, schedules = {} }: ListedSlice,
  definition: Definition,
): Issue[] {
  const declared = definition?.schedules ?? {};
  return Object.entries(schedules).flatMap(([name, change]) => {
    const path = `schedules.${name}`;
    const known = Object.hasOwn(declared, name) ? declared[name] : undefined;
    if (known === undefined) {
      const names = Object.keys(declared).join(", ");
      const rest = names === "" ? "it declares none" : `it has ${names}`;
      return [{ path, message: `${artifact} has no schedule "${name}"; ${rest}` }];
    }
    const message = changeProblem(known, change);
    return message === undefined ? [] : [{ path, message: `${artifact} ${name}: ${message}` }];
  });
}
