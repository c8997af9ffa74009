/**
 * Makes broken input of good input: bytes and JSON, as a broken program or an attacker might.
 *
 * @module
 */
import type { SeededRandom } from "../../src/base/random.ts";

/** One of the items. */
export function pick<Item>(random: SeededRandom, items: readonly Item[]): Item {
  return items[random.nextBelow(items.length)] as Item;
}

/** Changes, cuts, doubles or joins bytes, or makes up others; never none. */
export function mutateBytes(
  random: SeededRandom,
  bytes: Uint8Array,
  other: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const copy = new Uint8Array(bytes);
  const at = random.nextBelow(copy.length + 1);
  switch (random.nextBelow(6)) {
    case 0:
      return random.bytes(1 + random.nextBelow(64));
    case 1:
      return copy.slice(0, Math.max(1, at));
    case 2:
      return joined(copy, other.subarray(random.nextBelow(other.length)));
    case 3:
      return joined(copy.subarray(0, at), copy.subarray(random.nextBelow(at + 1)));
    case 4:
      // A length or count with the most bits that it can have.
      return copy.fill(0xff, random.nextBelow(copy.length));
    default:
      for (let flips = 1 + random.nextBelow(4); flips > 0; flips--) {
        const flipped = random.nextBelow(copy.length);
        copy[flipped] = (copy[flipped] ?? 0) ^ (1 << random.nextBelow(8));
      }
      return copy;
  }
}

function joined(one: Uint8Array, other: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(Math.max(1, one.length + other.length));
  whole.set(one);
  whole.set(other, one.length);
  return whole;
}

/** Values that programs do not expect; none of them is a small positive number. */
const oddities: readonly ((random: SeededRandom) => unknown)[] = [
  () => null,
  () => true,
  () => -1,
  () => 0,
  () => 1.5,
  () => 1e300,
  () => 2 ** 53,
  () => "",
  () => "\u0000",
  () => "\ud800",
  () => "x".repeat(5_000),
  (random) => String.fromCharCode(...random.bytes(8)),
  () => [],
  () => ({}),
  () => ({ __proto__: null, constructor: 1, toString: "x" }),
  () => JSON.parse(`${"[".repeat(500)}${"]".repeat(500)}`),
  () => Array.from({ length: 2_000 }, () => ({})),
];

/** A JSON value in which one part is replaced, removed, or added. */
export function mutateJson(random: SeededRandom, value: unknown): unknown {
  const oddity = () => pick(random, oddities)(random);
  if (typeof value !== "object" || value === null || random.nextBelow(4) === 0) return oddity();
  if (Array.isArray(value)) {
    const copy = [...value];
    const at = random.nextBelow(copy.length + 1);
    copy[at] = at < copy.length ? mutateJson(random, copy[at]) : oddity();
    return copy;
  }
  const copy: Record<string, unknown> = { ...value };
  const names = Object.keys(copy);
  const name = names.length === 0 ? "x" : pick(random, names);
  switch (random.nextBelow(4)) {
    case 0:
      delete copy[name];
      return copy;
    case 1:
      copy[pick(random, ["__proto__", "constructor", "", "x".repeat(300), `${name} `])] = oddity();
      return copy;
    default:
      copy[name] = mutateJson(random, copy[name]);
      return copy;
  }
}

/** A text in which some characters are changed. */
export function mutateText(random: SeededRandom, text: string): string {
  switch (random.nextBelow(4)) {
    case 0:
      return String.fromCharCode(...random.bytes(1 + random.nextBelow(40)));
    case 1:
      return text.repeat(1 + random.nextBelow(600)).slice(0, 5_000);
    case 2:
      return text + pick(random, ["\u0000", "\u202e", " ", "..", "/../", "%", "\n", "é", "💥"]);
    default: {
      const at = random.nextBelow(text.length + 1);
      const code = random.nextBelow(300);
      return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + random.nextBelow(3));
    }
  }
}
