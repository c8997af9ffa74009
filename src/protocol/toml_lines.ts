/**
 * Finds the line of every key in TOML text that is known to be valid.
 *
 * The TOML package answers values without positions, so this scanner walks over the same text and
 * notes where keys and array elements begin. It checks nothing; `toml.ts` is its only caller.
 *
 * @module
 */
import { parse } from "smol-toml";

const bareKey = /^[A-Za-z0-9_-]+$/;
/** Deeper keys get the line of what is around them; keeps hostile text from taking long. */
const depthMax = 32;

/** A path as text, e.g. `slices[0].artifact`; unusual names are quoted. */
export function pathText(path: readonly PropertyKey[]): string {
  let text = "";
  for (const part of path) {
    if (typeof part === "number") text += `[${part}]`;
    else {
      const name = String(part);
      text += (text === "" ? "" : ".") + (bareKey.test(name) ? name : JSON.stringify(name));
    }
  }
  return text;
}

/** Lines, from 1, by {@link pathText}. Text that is not TOML gives an incomplete answer. */
export function tomlLines(text: string): ReadonlyMap<string, number> {
  const scanner = new LineScanner(text);
  scanner.scan();
  return scanner.lines;
}

type Path = readonly (string | number)[];

class LineScanner {
  readonly lines = new Map<string, number>();
  readonly #text: string;
  /** Elements so far of each array of tables. */
  readonly #elements = new Map<string, number>();
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  scan(): void {
    let table: Path = [];
    this.#each("", () => {
      if (this.#peek() === "[") table = this.#header();
      else this.#pair(table);
    });
  }

  /** Calls `item` until the closing character or the end, and skips what stands between items. */
  #each(close: string, item: () => void): void {
    while (true) {
      this.#skip(/[\s,]/);
      if (this.#at >= this.#text.length) return;
      if (this.#peek() === close) {
        this.#at++;
        return;
      }
      const before = this.#at;
      item();
      // Not TOML: give up rather than loop.
      if (this.#at === before) this.#at = this.#text.length;
    }
  }

  #header(): Path {
    const line = this.#line;
    const isArray = this.#text.startsWith("[[", this.#at);
    this.#at += isArray ? 2 : 1;
    const keys = this.#key();
    const path: (string | number)[] = [];
    keys.forEach((key, index) => {
      path.push(key);
      const name = pathText(path);
      if (isArray && index === keys.length - 1) {
        this.#elements.set(name, (this.#elements.get(name) ?? 0) + 1);
      }
      const count = this.#elements.get(name);
      if (count !== undefined) path.push(count - 1);
    });
    this.#at += isArray ? 2 : 1;
    this.#note(path, line);
    return path;
  }

  #pair(table: Path): void {
    const line = this.#line;
    const path = [...table, ...this.#key()];
    this.#note(path, line);
    if (this.#peek() === "=") this.#at++;
    this.#value(path);
  }

  /** Notes a path and the tables that it opens on the way. */
  #note(path: Path, line: number): void {
    if (path.length > depthMax) return;
    for (let length = path.length; length > 0; length--) {
      const name = pathText(path.slice(0, length));
      if (this.lines.has(name)) return;
      this.lines.set(name, line);
    }
  }

  #key(): string[] {
    const keys: string[] = [];
    do {
      if (keys.length > 0) this.#at++;
      this.#skip(/[ \t]/);
      const start = this.#at;
      const quote = this.#peek();
      if (quote === '"' || quote === "'") {
        this.#string(quote);
        const quoted = parse(`key = ${this.#text.slice(start, this.#at)}`);
        keys.push(String(quoted["key"]));
      } else {
        while (/[^\s.=\]]/.test(this.#peek())) this.#at++;
        keys.push(this.#text.slice(start, this.#at));
      }
      this.#skip(/[ \t]/);
    } while (this.#peek() === "." && keys.length < depthMax);
    return keys;
  }

  #value(path: Path): void {
    this.#skip(/[ \t]/);
    const first = this.#peek();
    if (first === '"' || first === "'") {
      const triple = first.repeat(3);
      this.#string(this.#text.startsWith(triple, this.#at) ? triple : first);
    } else if (first === "[") {
      this.#at++;
      let index = 0;
      this.#each("]", () => {
        const element = [...path, index++];
        this.#note(element, this.#line);
        this.#value(element);
      });
    } else if (first === "{") {
      this.#at++;
      this.#each("}", () => this.#pair(path));
    } else {
      while (/[^,\]}#\n]/.test(this.#peek())) this.#at++;
    }
  }

  #string(quote: string): void {
    this.#at += quote.length;
    while (this.#at < this.#text.length && !this.#text.startsWith(quote, this.#at)) {
      if (quote.startsWith('"') && this.#peek() === "\\") this.#advance();
      this.#advance();
    }
    this.#at += quote.length;
    // Up to two quotes may stand directly before the closing three.
    while (quote.length === 3 && this.#peek() === quote[0]) this.#at++;
  }

  #skip(pattern: RegExp): void {
    while (this.#at < this.#text.length) {
      if (this.#peek() === "#") {
        while (this.#at < this.#text.length && this.#peek() !== "\n") this.#at++;
      } else if (pattern.test(this.#peek())) this.#advance();
      else return;
    }
  }

  #peek(): string {
    return this.#text[this.#at] ?? "";
  }

  #advance(): void {
    if (this.#peek() === "\n") this.#line++;
    this.#at++;
  }
}
