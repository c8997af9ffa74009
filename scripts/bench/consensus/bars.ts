/**
 * Bars as a picture (SVG) for the documentation.
 *
 * @module
 */

/** Bars that are compared with each other. */
export interface Panel {
  readonly title: string;
  readonly bars: readonly { readonly label: string; readonly value: number }[];
}

const width = 360;
const height = 180;
const margin = 16;
const titleHeight = 40;
const columns = 2;

/** Draws panels, two in a row, all on one scale. */
export function drawBars(title: string, panels: readonly Panel[]): string {
  const top = Math.max(1, ...panels.flatMap(({ bars }) => bars.map(({ value }) => value)));
  const rows = Math.ceil(panels.length / columns);
  const size = `${columns * width} ${titleHeight + rows * height}`;
  const drawn = panels.map((panel, index) => {
    const x = (index % columns) * width;
    const y = titleHeight + Math.floor(index / columns) * height;
    return `<g transform="translate(${x} ${y})">${drawPanel(panel, top)}</g>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" font-family="sans-serif">`,
    `<rect width="100%" height="100%" fill="#ffffff"/>`,
    text(margin, 24, 14, escape(title)),
    ...drawn,
    "</svg>\n",
  ].join("\n");
}

function drawPanel({ title, bars }: Panel, top: number): string {
  const floor = height - 40;
  const slot = (width - 2 * margin) / Math.max(1, bars.length);
  const drawn = bars.map(({ label, value }, index) => {
    const x = margin + index * slot;
    const high = value / top * (floor - 36);
    const middle = x + slot / 2;
    const place = `x="${(x + slot * 0.15).toFixed(1)}" y="${(floor - high).toFixed(1)}"`;
    const extent = `width="${(slot * 0.7).toFixed(1)}" height="${high.toFixed(1)}"`;
    return [
      `<rect ${place} ${extent} fill="#3b6ea8"/>`,
      text(middle, floor - high - 4, 10, `${Math.round(value)}`, "middle"),
      text(middle, floor + 14, 11, escape(label), "middle"),
    ].join("");
  });
  return [text(margin, 12, 12, escape(title)), ...drawn].join("\n");
}

function text(x: number, y: number, size: number, words: string, anchor = "start"): string {
  const place = `x="${x.toFixed(1)}" y="${y.toFixed(1)}" font-size="${size}"`;
  return `<text ${place} text-anchor="${anchor}" fill="#222222">${words}</text>`;
}

function escape(words: string): string {
  return words.replace(/[&<>]/g, (char) => `&#${char.charCodeAt(0)};`);
}
