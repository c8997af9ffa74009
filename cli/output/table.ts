/**
 * Tables of text for people. Programs read `-o json` instead.
 *
 * Columns are as wide as their content; on a terminal the widest ones are cut until the table fits.
 *
 * @module
 */
import type { Paint, Tone } from "./style.ts";
import { cutToWidth, displayWidth, printable } from "./width.ts";

/** A cell: a text or number, with a tone where it means something. */
export type Cell = string | number | { readonly text: string; readonly tone: Tone };

/** Options of {@link renderTable}. */
export interface TableOptions {
  readonly paint: Paint;
  /** Columns of the terminal. @default {no limit} */
  readonly columns?: number | undefined;
}

const gap = "  ";
/** No column is cut below this width. */
const columnWidthMin = 8;

/**
 * A table with a line of titles; numbers are aligned to the right.
 *
 * @example
 * ```ts
 * import { renderTable } from "./table.ts";
 * const paint = (text: string) => text;
 * const text = renderTable(["NAME", "N"], [["echo", 2], ["shop", 11]], { paint });
 * console.assert(text === "NAME   N\necho   2\nshop  11\n");
 * ```
 */
export function renderTable(
  titles: readonly string[],
  rows: readonly (readonly Cell[])[],
  options: TableOptions,
): string {
  const lines = [titles, ...rows].map((row) => row.map(cellText));
  const isNumeric = titles.map((_, column) =>
    rows.length > 0 && rows.every((row) => typeof row[column] === "number")
  );
  const natural = titles.map((_, column) =>
    Math.max(...lines.map((line) => displayWidth(line[column] ?? "")))
  );
  const widths = fit(natural, options.columns);
  return lines.map((line, index) =>
    line.map((text, column) => {
      const width = widths[column] ?? 0;
      const cut = cutToWidth(text, width);
      const padding = " ".repeat(width - displayWidth(cut));
      const tone = index === 0 ? "dim" : toneOf(rows[index - 1]?.[column]);
      const painted = options.paint(cut, tone);
      if (isNumeric[column]) return padding + painted;
      return column === line.length - 1 ? painted : painted + padding;
    }).join(gap).trimEnd() + "\n"
  ).join("");
}

/** Lines of `name  value`, for the parts of one thing. */
export function renderFields(
  fields: readonly (readonly [name: string, value: Cell])[],
  options: TableOptions,
): string {
  const width = Math.max(0, ...fields.map(([name]) => displayWidth(name)));
  return fields.map(([name, value]) => {
    const padding = " ".repeat(width - displayWidth(name));
    return `${options.paint(name, "dim")}${padding}${gap}` +
      `${options.paint(cellText(value), toneOf(value))}\n`;
  }).join("");
}

function cellText(cell: Cell): string {
  return printable(typeof cell === "object" ? cell.text : String(cell));
}

function toneOf(cell: Cell | undefined): Tone {
  return typeof cell === "object" ? cell.tone : "plain";
}

/** Takes columns off the widest ones until the table fits or nothing can be taken. */
function fit(natural: readonly number[], columns: number | undefined): number[] {
  const widths = [...natural];
  if (columns === undefined) return widths;
  let excess = widths.reduce((sum, width) => sum + width, gap.length * (widths.length - 1)) -
    columns;
  while (excess > 0) {
    const widest = Math.max(...widths);
    if (widest <= columnWidthMin) break;
    const second = Math.max(columnWidthMin, ...widths.filter((width) => width < widest));
    const cut = Math.min(excess, widest - second);
    widths[widths.indexOf(widest)] = widest - cut;
    excess -= cut;
  }
  return widths;
}
