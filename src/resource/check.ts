/**
 * Checks before a deployment that a node can give slices the resources that they need.
 *
 * Problems name the section and the key, never a value: it may be a secret.
 *
 * @module
 */
import { z } from "zod";
import { AetherError, type Issue } from "../base/errors.ts";
import { nearest } from "../base/text/nearest.ts";
import { artifactBase } from "../protocol/coordinates.ts";
import type { Manifest } from "../protocol/slice/manifest.ts";
import { type ResourceNeed, resourceNeeds } from "../protocol/slice/resources.ts";
import { pathText } from "../protocol/toml.ts";
import { commonOptions, type ResourceFactory, type ResourceSection } from "./factory.ts";

const common = z.looseObject(commonOptions);

/** The factory for a need, or why there is none. */
export type FoundFactory =
  | { readonly factory: ResourceFactory }
  | { readonly factory: undefined; readonly problem: string };

/** Chooses the factory of a type for a section. */
export function factoryOf(
  factories: readonly ResourceFactory[],
  type: string,
  name: string,
  section: ResourceSection | undefined,
): FoundFactory {
  const ofType = factories.filter((factory) => factory.type === type);
  if (ofType.length === 0) return none(`this version of aether has no resource type "${type}"`);
  if (name !== "" && section === undefined) {
    return none(`section [resources.${name}] with type = "${type}" is missing: add it`);
  }
  if (section !== undefined && section.type !== type) {
    return none(`section [resources.${name}] has type "${section.type}", not "${type}"`);
  }
  const [best] = ofType.filter((factory) => factory.supports(section))
    .sort((a, b) => b.priority - a.priority);
  if (best !== undefined) return { factory: best };
  return none(
    section === undefined
      ? `a resource of type "${type}" needs a section`
      : `no resource of type "${type}" supports section [resources.${name}]`,
  );
}

function none(problem: string): FoundFactory {
  return { factory: undefined, problem };
}

/** What a factory's schema makes of a section, with all problems by their path in it. */
export function readOptions(
  { options }: ResourceFactory,
  section: ResourceSection | undefined,
): { readonly options: unknown; readonly issues: readonly Issue[] } {
  if (options === undefined || section === undefined) return { options: undefined, issues: [] };
  const shared = common.safeParse(section);
  const { type: _, slices: __, ...own } = section;
  const parsed = options.safeParse(own);
  const issues = [...shared.error?.issues ?? [], ...parsed.error?.issues ?? []].flatMap(toIssues);
  return { options: issues.length === 0 ? parsed.data : undefined, issues };
}

function toIssues(issue: z.core.$ZodIssue): Issue[] {
  const path = issue.path.map((part) => typeof part === "number" ? part : String(part));
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({ path: pathText([...path, key]), message: "Unknown key" }));
  }
  // Our own rules start with a verb; none of them, and none of zod's, quotes the value.
  return [{ path: pathText(path), message: `The value is not valid: ${issue.message}` }];
}

/**
 * Refuses manifests whose needs this node cannot meet.
 *
 * @throws {AetherError} RESOURCE_INVALID with every problem.
 */
export function requireResources(
  manifests: Iterable<Manifest>,
  sections: Readonly<Record<string, ResourceSection>>,
  factories: readonly ResourceFactory[],
): void {
  const issues = [...manifests].flatMap((manifest) =>
    resourceNeeds(manifest).flatMap((need) => needIssues(manifest, need, sections, factories))
  );
  if (issues.length === 0) return;
  const [first] = issues;
  const rest = issues.length === 1 ? "" : ` (and ${issues.length - 1} more)`;
  throw new AetherError("RESOURCE_INVALID", `${first?.path}: ${first?.message}${rest}`, { issues });
}

function needIssues(
  { artifact }: Manifest,
  need: ResourceNeed,
  sections: Readonly<Record<string, ResourceSection>>,
  factories: readonly ResourceFactory[],
): Issue[] {
  const { name, type, section } = need;
  const table = Object.hasOwn(sections, section) ? sections[section] : undefined;
  const path = section === "" ? `needs.${name}` : `resources.${section}`;
  const found = factoryOf(factories, type, section, table);
  if (found.factory === undefined) {
    const near = table === undefined ? nearest(section, Object.keys(sections)) : undefined;
    const hint = near === undefined ? "" : ` (there is [resources.${near}])`;
    return [{ path, message: `${artifact} needs "${name}", but ${found.problem}${hint}` }];
  }
  const { issues } = readOptions(found.factory, table);
  const located = issues.map((issue) => ({
    path: `${path}.${issue.path}`,
    message: `${issue.message}; ${artifact} needs it as "${name}"`,
  }));
  const slices = common.safeParse(table ?? { type }).data?.slices;
  const base = artifactBase(artifact);
  if (slices === undefined || slices.includes(base)) return located;
  const message = `${artifact} needs "${name}", but only ${slices.join(", ") || "no slice"} may ` +
    `use this section: add "${base}" to its slices`;
  return [...located, { path: `${path}.slices`, message }];
}
