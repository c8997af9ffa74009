/**
 * What deployed slices declare of topics: which there are, and who subscribes.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import { artifactBase } from "../../protocol/coordinates.ts";
import { keys } from "../../protocol/keys.ts";
import type { Manifest } from "../../protocol/slice/manifest.ts";
import { topicConflicts, type TopicUse } from "../../protocol/slice/topic_conflicts.ts";
import type { TopicDescription, TopicOptions } from "../../protocol/slice/topics.ts";
import type { KnownSubscription } from "../../protocol/thread/topics.ts";
import type { StoreState } from "../../store/state.ts";
import { storedTargets, storedValues } from "../control/views.ts";

/** The manifest of an artifact, when it is known. */
export type FindManifest = (artifact: string) => Manifest | undefined;

/** Manifests of everything that should run. */
export function deployedManifests(state: StoreState, find: FindManifest): Manifest[] {
  const artifacts = new Set(storedTargets(state).map(({ artifact }) => artifact));
  return [...artifacts].flatMap((artifact) => find(artifact) ?? []);
}

/** Topics that manifests declare, each once. */
export function declaredTopics(manifests: readonly Manifest[]): Map<string, TopicDescription> {
  const topics = manifests.flatMap(({ definition }) => definition.topics ?? []);
  return new Map(topics.map((topic) => [topic.name, topic]));
}

/** Subscriptions of manifests; of two versions of a slice, those of both. */
export function declaredSubscriptions(manifests: readonly Manifest[]): KnownSubscription[] {
  const found = new Map<string, KnownSubscription>();
  for (const { artifact, definition } of manifests) {
    const contract = artifactBase(artifact);
    for (const { name, topic, options } of definition.subscriptions ?? []) {
      found.set(`${contract}/${name}`, { topic, contract, name, options });
    }
  }
  return [...found.values()];
}

/**
 * Refuses slices whose topics do not fit together, or not with what is deployed.
 *
 * @throws {AetherError} TOPIC_CONFLICT with every problem, each naming both places.
 */
export function requireTopics(
  manifests: readonly Manifest[],
  state: StoreState,
  find: FindManifest,
): void {
  const bases = new Set(manifests.map(({ artifact }) => artifactBase(artifact)));
  const others = deployedManifests(state, find).filter(({ artifact }) =>
    !bases.has(artifactBase(artifact))
  );
  const problems = topicConflicts([...manifests, ...others].flatMap(usesOf));
  const declared = declaredTopics(manifests);
  for (const { key, value } of storedValues(state, keys.topic)) {
    const [name = ""] = keys.topic.parts(key);
    const wanted = declared.get(name)?.options;
    if (wanted !== undefined) problems.push(...unchangeable(name, value.options, wanted));
  }
  const [first] = problems;
  if (first === undefined) return;
  throw new AetherError("TOPIC_CONFLICT", first, {
    issues: problems.map((message) => ({ path: "topics", message })),
  });
}

function usesOf({ artifact, definition }: Manifest): TopicUse[] {
  const published = new Set(
    definition.resources.flatMap(({ type, options }) => type === "topic" ? [options["topic"]] : []),
  );
  const subscribed = new Set((definition.subscriptions ?? []).map(({ topic }) => topic));
  return (definition.topics ?? []).flatMap((topic) => [
    ...(published.has(topic.name) ? [{ topic, by: artifact, isPublisher: true }] : []),
    ...(subscribed.has(topic.name) ? [{ topic, by: artifact, isPublisher: false }] : []),
  ]);
}

/** What a topic was made with stays; its messages are where those say. */
function unchangeable(name: string, has: TopicOptions, wanted: TopicOptions): string[] {
  return (["durability", "partitions"] as const).flatMap((option) => {
    if (has[option] === wanted[option]) return [];
    return [
      `Topic "${name}" was made with ${option} ${has[option]} and cannot become ` +
      `${wanted[option]}: publish to a topic with another name`,
    ];
  });
}
