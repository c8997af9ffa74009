/**
 * How many columns of a terminal a text takes, and texts cut to a number of columns.
 *
 * Good enough for names and messages in most scripts; terminals themselves disagree about rare
 * ones.
 *
 * @module
 */

const segmenter = new Intl.Segmenter("en", { granularity: "grapheme" });

// Hangul, CJK with its punctuation, fullwidth forms, and emoji take two columns.
const wideRanges = "\\u1100-\\u115f\\u2e80-\\u303e\\u3041-\\ua4cf\\ua960-\\ua97f\\uac00-\\ud7a3" +
  "\\uf900-\\ufaff\\ufe30-\\ufe6f\\uff01-\\uff60\\uffe0-\\uffe6\\u{20000}-\\u{3fffd}";
const wide = new RegExp(`^[${wideRanges}]|^\\p{Emoji_Presentation}|\\ufe0f`, "u");
const zero = /^[\p{Mn}\p{Me}\p{Cf}]+$/u;

/** Columns of a text. */
export function displayWidth(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += segmentWidth(segment);
  return width;
}

/** The text, or as much of it as fits in front of an ellipsis. */
export function cutToWidth(text: string, widthMax: number): string {
  if (displayWidth(text) <= widthMax) return text;
  let cut = "";
  let width = 1;
  for (const { segment } of segmenter.segment(text)) {
    width += segmentWidth(segment);
    if (width > widthMax) break;
    cut += segment;
  }
  return `${cut}…`;
}

/** The text with characters that steer terminals made visible, since it may come from anybody. */
export function printable(text: string): string {
  // deno-lint-ignore no-control-regex
  return text.replaceAll(/[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (found) => {
    return found === "\n" || found === "\t"
      ? " "
      : `\\u${found.charCodeAt(0).toString(16).padStart(4, "0")}`;
  });
}

function segmentWidth(segment: string): number {
  if (zero.test(segment)) return 0;
  return wide.test(segment) ? 2 : 1;
}
