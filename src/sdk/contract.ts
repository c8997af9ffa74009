/**
 * Contracts: what a slice offers, shared with its callers.
 *
 * A contract names methods with their input and output schemas, the HTTP routes under which they
 * are served, and the errors they may answer. It holds no code of the slice, so a caller can import
 * it to get a typed client. Slices import this through `aether`.
 *
 * @module
 */
import type { z } from "zod";
import { isArtifactBase } from "../protocol/coordinates.ts";
import { type HttpMethod, httpMethods } from "../protocol/slice/http_method.ts";
import { isReservedHeader } from "../protocol/slice/reserved_headers.ts";
import { SliceError } from "./slice_error.ts";
import { streamOf } from "./streams.ts";

/** What a method takes, returns and promises. */
export interface MethodSpec<
  Input extends z.ZodType = z.ZodType,
  Output extends z.ZodType = z.ZodType,
> {
  /** Schema of the input: path parameters, query and JSON body merged into one object. */
  readonly input: Input;
  /** Schema of the output, checked before it leaves the slice; or `events()` and the like. */
  readonly output: Output;
  /**
   * "stream": the body is not read as JSON; the handler reads its bytes from `call.body`.
   * @default {"json"}
   */
  readonly body?: "json" | "stream";
  /** Route such as `GET /urls/:code`; without one only other slices can call the method. */
  readonly http?: `${HttpMethod} /${string}`;
  /** Status of a successful HTTP answer. @default {200} */
  readonly status?: number;
  /**
   * Whether a call may be repeated when its outcome is unknown. @default {true for GET and HEAD}
   */
  readonly idempotent?: boolean;
  /** Time after which a call fails, in milliseconds. @default {30000} */
  readonly timeoutMs?: number;
  /** Names of HTTP request headers that the handler may read. @default {[]} */
  readonly headers?: readonly string[];
  /** One sentence for documentation. */
  readonly summary?: string;
}

/** An error that callers can tell apart by its code. */
export interface ErrorSpec<Data extends z.ZodType = z.ZodType> {
  /** HTTP status of the answer, 400-599. */
  readonly status: number;
  /** Schema of the data that travels with it. */
  readonly data?: Data;
}

/** Methods by name. */
export type Methods = Record<string, MethodSpec>;
/** Errors by code. */
export type ErrorSpecs = Record<string, ErrorSpec>;

type ErrorFactory<Spec> = Spec extends { data: infer D extends z.ZodType }
  ? (message: string, data: z.input<D>) => SliceError
  : (message: string) => SliceError;

/** A contract, made by {@link contract}. */
export interface Contract<
  M extends Methods = Methods,
  E extends ErrorSpecs = ErrorSpecs,
> {
  readonly kind: "contract";
  /** `group:name`, the same as the artifact's in slice.toml. */
  readonly name: string;
  readonly methods: M;
  readonly errorSpecs: E;
  /** Makes the contract's errors: `throw shortener.errors.LINK_NOT_FOUND("No link")`. */
  readonly errors: { readonly [K in keyof E]: ErrorFactory<E[K]> };
}

const methodNamePattern = /^[a-z][A-Za-z0-9]{0,62}$/;
const errorCodePattern = /^[A-Z][A-Z0-9_]{1,62}$/;
// "." and ".." are left out: clients resolve them before they send a path.
const segmentPattern = /^(:[A-Za-z][A-Za-z0-9]*|(?!\.{1,2}$)[A-Za-z0-9._~-]+)$/;
// A token of RFC 9110 section 5.6.2.
const headerNamePattern = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

/** Declares one method of a contract; see {@link MethodSpec}. */
export function method<I extends z.ZodType, O extends z.ZodType>(
  spec: MethodSpec<I, O>,
): MethodSpec<I, O> {
  return spec;
}

/**
 * Declares a contract.
 *
 * @throws {TypeError} when a name, a route or a status is not valid; the message names it.
 * @example
 * ```ts
 * import { contract, method, z } from "aether";
 * export const echo = contract("org.example:echo", {
 *   echo: method({
 *     input: z.object({ text: z.string() }),
 *     output: z.object({ text: z.string() }),
 *     http: "POST /echo",
 *   }),
 * });
 * ```
 */
export function contract<M extends Methods, E extends ErrorSpecs = Record<never, never>>(
  name: string,
  methods: M,
  options: { readonly errors?: E } = {},
): Contract<M, E> {
  if (!isArtifactBase(name)) {
    throw new TypeError(
      `Contract name "${name}" is not valid: write group:name, e.g. org.example:echo`,
    );
  }
  for (const [key, spec] of Object.entries(methods)) checkMethod(name, key, spec);
  const errorSpecs = options.errors ?? {} as E;
  const errors: Record<string, (message: string, data?: unknown) => SliceError> = {};
  for (const [code, spec] of Object.entries(errorSpecs)) {
    if (!errorCodePattern.test(code)) {
      throw new TypeError(`Error code "${code}" of ${name} must be in UPPER_CASE`);
    }
    checkStatus(spec.status, 400, `Error ${code} of ${name}`);
    errors[code] = (message, data) =>
      new SliceError(code, message, {
        status: spec.status,
        ...(data === undefined ? {} : { data }),
      });
  }
  return Object.freeze({
    kind: "contract",
    name,
    methods: Object.freeze({ ...methods }),
    errorSpecs: Object.freeze({ ...errorSpecs }),
    errors: Object.freeze(errors) as Contract<M, E>["errors"],
  });
}

function checkMethod(contractName: string, name: string, spec: MethodSpec): void {
  const where = `Method ${name} of ${contractName}`;
  if (!methodNamePattern.test(name)) throw new TypeError(`${where} must be named in camelCase`);
  // An object with a function "then" is taken for a promise by `await`.
  if (name === "then") throw new TypeError(`${where} must have another name`);
  if (spec.status !== undefined) checkStatus(spec.status, 200, where);
  if (spec.timeoutMs !== undefined && !(spec.timeoutMs > 0 && spec.timeoutMs <= 3_600_000)) {
    throw new TypeError(`${where} has timeoutMs ${spec.timeoutMs}: choose 1 to 3600000`);
  }
  for (const header of spec.headers ?? []) {
    if (!headerNamePattern.test(header)) {
      throw new TypeError(`${where} has header "${header}", which is not a header name`);
    }
    if (isReservedHeader(header)) {
      throw new TypeError(`${where} has header "${header}", which ends at the gateway`);
    }
  }
  const route = spec.http === undefined ? undefined : parseRoute(spec.http, where);
  checkStreams(spec, route, where);
}

function checkStreams(spec: MethodSpec, route: RouteSpec | undefined, where: string): void {
  const stream = streamOf(spec.output);
  const hasBody = spec.body === "stream";
  if (stream === undefined && !hasBody) return;
  if (route === undefined) throw new TypeError(`${where} streams and so needs an http route`);
  if (hasBody && (route.method === "GET" || route.method === "HEAD")) {
    throw new TypeError(`${where} has a body: give it another route than ${route.method}`);
  }
  if (stream?.kind !== "socket") return;
  if (route.method !== "GET") throw new TypeError(`${where} is a socket: its route must be a GET`);
  if (spec.status !== undefined) throw new TypeError(`${where} is a socket and has no status`);
}

function checkStatus(status: number, min: number, where: string): void {
  if (!Number.isInteger(status) || status < min || status > 599) {
    throw new TypeError(`${where} has status ${status}: choose ${min} to 599`);
  }
}

/** A parsed route. */
export interface RouteSpec {
  readonly method: HttpMethod;
  /** Path with `:name` parameters, e.g. `/urls/:code`. */
  readonly path: string;
  /** Names of the parameters in order. */
  readonly parameters: readonly string[];
}

/**
 * Parses a route such as `GET /urls/:code`.
 *
 * @throws {TypeError} when it is malformed; the message says which part.
 */
export function parseRoute(text: string, where = "Route"): RouteSpec {
  const [verb, path, ...rest] = text.split(" ");
  if (path === undefined || rest.length > 0 || !path.startsWith("/")) {
    throw new TypeError(`${where} has route "${text}": write METHOD /path, e.g. GET /urls/:code`);
  }
  const found = httpMethods.find((candidate) => candidate === verb);
  if (found === undefined) {
    throw new TypeError(`${where} has route "${text}": use one of ${httpMethods.join(", ")}`);
  }
  const parameters: string[] = [];
  for (const segment of path === "/" ? [] : path.slice(1).split("/")) {
    if (!segmentPattern.test(segment)) {
      throw new TypeError(
        `${where} has route "${text}": segment "${segment}" must be a word or :name`,
      );
    }
    if (segment.startsWith(":")) parameters.push(segment.slice(1));
  }
  if (new Set(parameters).size !== parameters.length) {
    throw new TypeError(`${where} has route "${text}": a parameter appears twice`);
  }
  return { method: found, path, parameters };
}
