/**
 * Plain values as bytes: null, booleans, numbers, text, bytes, arrays and objects.
 *
 * For messages between processes that are already plain data. Like the codec below it, the reader
 * trusts nothing: depth and number of items are limited by what really arrived. What has no plain
 * form (functions, ports, class instances beyond their fields) is a bug of the caller.
 *
 * @module
 */
import { InvariantError } from "../../base/assert.ts";
import { type ByteReader, type ByteWriter, DecodeError } from "../../base/codec.ts";

/** A plain value; undefined fields of objects are left out. */
export type PlainValue =
  | null
  | undefined
  | boolean
  | number
  | string
  | Uint8Array
  | readonly PlainValue[]
  | { readonly [key: string]: PlainValue };

const depthMax = 32;
/** Values within one value: a byte of a message can become a hundred of memory. */
const itemsMax = 1_000_000;
const tag = {
  null: 0,
  undefined: 1,
  false: 2,
  true: 3,
  /** 0 to 2^53 - 1. */
  count: 4,
  number: 5,
  string: 6,
  bytes: 7,
  array: 8,
  object: 9,
} as const;

/**
 * Appends a value.
 *
 * @throws {InvariantError} for what is not plain, or nested deeper than 32 levels.
 * @example
 * ```ts
 * import { ByteReader, ByteWriter } from "../../base/codec.ts";
 * import { readValue, writeValue } from "./value_codec.ts";
 * const writer = new ByteWriter();
 * writeValue(writer, { list: [1, "two", null] });
 * const value = readValue(new ByteReader(writer.take()));
 * console.assert(JSON.stringify(value) === '{"list":[1,"two",null]}');
 * ```
 */
export function writeValue(writer: ByteWriter, value: unknown, depth = 0): void {
  if (depth > depthMax) throw new InvariantError(`A value is nested deeper than ${depthMax}`);
  switch (typeof value) {
    case "undefined":
      writer.u8(tag.undefined);
      return;
    case "boolean":
      writer.u8(value ? tag.true : tag.false);
      return;
    case "number":
      if (Number.isSafeInteger(value) && value >= 0 && !Object.is(value, -0)) {
        writer.u8(tag.count).varint(value);
      } else writer.u8(tag.number).f64(value);
      return;
    case "string":
      writer.u8(tag.string).string(value);
      return;
    case "object":
      writeObject(writer, value, depth);
      return;
    default:
      throw new InvariantError(`A ${typeof value} is not a plain value`);
  }
}

function writeObject(writer: ByteWriter, value: object | null, depth: number): void {
  if (value === null) writer.u8(tag.null);
  else if (value instanceof Uint8Array) writer.u8(tag.bytes).bytes(value);
  else if (Array.isArray(value)) {
    writer.u8(tag.array).varint(value.length);
    for (const item of value) writeValue(writer, item, depth + 1);
  } else {
    const fields = Object.entries(value).filter(([, item]) => item !== undefined);
    writer.u8(tag.object).varint(fields.length);
    for (const [key, item] of fields) {
      writer.string(key);
      writeValue(writer, item, depth + 1);
    }
  }
}

/**
 * The next value; objects come without a prototype, so that no key means anything special.
 *
 * @throws {DecodeError} when the bytes are not a value.
 */
export function readValue(
  reader: ByteReader,
  depth = 0,
  budget: { items: number } = { items: itemsMax },
): PlainValue {
  if (budget.items-- === 0) throw new DecodeError(`A value has more than ${itemsMax} items`, 0);
  if (depth > depthMax) throw new DecodeError(`A value is nested deeper than ${depthMax}`, 0);
  const kind = reader.u8();
  switch (kind) {
    case tag.null:
      return null;
    case tag.undefined:
      return undefined;
    case tag.false:
      return false;
    case tag.true:
      return true;
    case tag.count:
      return reader.varint();
    case tag.number:
      return reader.f64();
    case tag.string:
      return reader.string(reader.remaining);
    case tag.bytes:
      return reader.bytes(reader.remaining);
    case tag.array:
      return reader.list(reader.remaining, () => readValue(reader, depth + 1, budget));
    case tag.object: {
      const value: Record<string, PlainValue> = Object.create(null);
      const fields = reader.list(reader.remaining, () => {
        const key = reader.string(reader.remaining);
        return [key, readValue(reader, depth + 1, budget)] as const;
      });
      for (const [key, item] of fields) value[key] = item;
      return value;
    }
    default:
      throw new DecodeError(`${kind} is no kind of value`, 0);
  }
}
