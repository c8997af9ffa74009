/**
 * Whether declarations of the same topic fit together: its options, and what publishers write and
 * subscribers read.
 *
 * @module
 */
import type { TopicDescription } from "./topics.ts";

type Schema = Readonly<Record<string, unknown>>;

/** A declaration and where it stands, for messages. */
export interface TopicUse {
  readonly topic: TopicDescription;
  /** Who declares it, e.g. coordinates of a slice. */
  readonly by: string;
  readonly isPublisher: boolean;
}

/** What keeps declarations of topics from fitting together, a sentence each; empty if nothing. */
export function topicConflicts(uses: readonly TopicUse[]): string[] {
  const problems: string[] = [];
  for (const [name, same] of Map.groupBy(uses, ({ topic }) => topic.name)) {
    const [first] = same;
    if (first === undefined) continue;
    for (const other of same.slice(1)) problems.push(...optionConflicts(name, first, other));
    for (const publisher of same.filter(({ isPublisher }) => isPublisher)) {
      for (const subscriber of same.filter(({ isPublisher }) => !isPublisher)) {
        const conflict = unreadable(publisher.topic.schema, subscriber.topic.schema, "");
        if (conflict === undefined) continue;
        problems.push(
          `${subscriber.by} cannot read what ${publisher.by} publishes to topic "${name}": ` +
            `${conflict}. Use one schema for both, or publish to another topic`,
        );
      }
    }
  }
  return problems;
}

function optionConflicts(name: string, first: TopicUse, other: TopicUse): string[] {
  const names = Object.keys(first.topic.options) as (keyof TopicDescription["options"])[];
  return names.flatMap((option) => {
    const [one, two] = [first.topic.options[option], other.topic.options[option]];
    if (one === two) return [];
    return [
      `Topic "${name}" has ${option} ${one} in ${first.by} and ${two} in ${other.by}: ` +
      `write the same in both, best by sharing the value of topic()`,
    ];
  });
}

/** Why a reader's schema does not take what a writer's allows; undefined when it seems to. */
function unreadable(writer: Schema, reader: Schema, path: string): string | undefined {
  const at = path === "" ? "the message" : `"${path}"`;
  const [written, read] = [writer["type"], reader["type"]];
  const isNumber = written === "integer" && read === "number";
  if (typeof written === "string" && typeof read === "string" && written !== read && !isNumber) {
    return `${at} is written as ${written} and read as ${read}`;
  }
  const properties = schemasOf(writer["properties"]);
  const wanted = schemasOf(reader["properties"]);
  const always = namesOf(writer["required"]);
  if (read === "object") {
    for (const name of namesOf(reader["required"])) {
      const inner = path === "" ? name : `${path}.${name}`;
      if (!(name in properties)) return `"${inner}" is read and not written`;
      if (!always.includes(name)) return `"${inner}" is always read and not always written`;
    }
    for (const [name, schema] of Object.entries(wanted)) {
      const source = properties[name];
      const inner = path === "" ? name : `${path}.${name}`;
      const conflict = source && unreadable(source, schema, inner);
      if (conflict !== undefined) return conflict;
    }
  }
  const [items, readItems] = [schemaOf(writer["items"]), schemaOf(reader["items"])];
  if (items === undefined || readItems === undefined) return undefined;
  return unreadable(items, readItems, `${path}[]`);
}

function schemaOf(value: unknown): Schema | undefined {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? value as Schema
    : undefined;
}

function schemasOf(value: unknown): Readonly<Record<string, Schema>> {
  return (schemaOf(value) ?? {}) as Readonly<Record<string, Schema>>;
}

function namesOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value : [];
}
