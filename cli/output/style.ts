/**
 * Colours for terminals. Without a terminal, with `--no-color` or NO_COLOR, texts stay as they are.
 *
 * @module
 */

/** What a text means; the colour follows from it. */
export type Tone = "plain" | "good" | "warn" | "bad" | "dim" | "strong";

const codes: Readonly<Record<Tone, string>> = {
  plain: "",
  good: "32",
  warn: "33",
  bad: "31",
  dim: "2",
  strong: "1",
};

/** A function that colours a text, or leaves it when colours are off. */
export type Paint = (text: string, tone: Tone) => string;

/** A {@link Paint}; what it leaves alone has the same width as what it colours. */
export function painter(isColored: boolean): Paint {
  return (text, tone) => {
    const code = codes[tone];
    return isColored && code !== "" ? `\x1b[${code}m${text}\x1b[0m` : text;
  };
}

const tones: ReadonlyMap<string, Tone> = new Map([
  ["ACTIVE", "good"],
  ["DEPLOYED", "good"],
  ["ON_DUTY", "good"],
  ["DRAINING", "warn"],
  ["FAILED", "bad"],
  ["PARTIAL", "warn"],
  ["ROLLED_BACK", "bad"],
  ["PENDING", "warn"],
  ["COMPLETED", "good"],
  ["ROLLING_BACK", "bad"],
  ["DEPLOYING", "warn"],
  ["IN_PROGRESS", "warn"],
]);

/** What a state of the API means. */
export function toneOfState(state: string): Tone {
  return tones.get(state) ?? "plain";
}
