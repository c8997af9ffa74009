/**
 * Runs one call of a slice: validate the input, call the handler, validate the output.
 *
 * The one path for the sandbox's shell and for the testing kit, so that a slice behaves the same in
 * both. It knows nothing of threads or HTTP.
 *
 * @module
 */
import type { z } from "zod";
import type { Problem } from "../base/errors.ts";
import { AetherError, type Issue } from "../base/errors.ts";
import type { Contract, MethodSpec } from "./contract.ts";
import type { CallContext, ErasedHandler } from "./call_context.ts";
import type { SliceProblem } from "../protocol/slice/problem.ts";
import { SliceError } from "./slice_error.ts";
import type { Triggered } from "./triggers/triggered.ts";

/** What a call answers: a validated output, or the problem for its caller. */
export type Outcome =
  | { readonly ok: true; readonly output: unknown }
  | { readonly ok: false; readonly problem: Problem | SliceProblem };

/** Calls of one slice instance. */
export class Dispatcher {
  readonly #contract: Contract;
  readonly #methods = new Map<string, { spec: MethodSpec; handler: ErasedHandler }>();

  /**
   * @param triggered Functions that the cluster calls, besides the contract's methods.
   * @throws {TypeError} when `create` did not return a function for every method.
   */
  constructor(
    contract: Contract,
    handlers: unknown,
    triggered: Readonly<Record<string, Triggered>> = {},
  ) {
    this.#contract = contract;
    const find = (name: string, what: string) => {
      const handler = (handlers as Record<string, unknown> | undefined)?.[name];
      if (typeof handler === "function") return handler;
      throw new TypeError(
        `create() of ${contract.name} returned no function "${name}": add one for every ${what}`,
      );
    };
    for (const [name, spec] of Object.entries(contract.methods)) {
      const found = find(name, "method");
      const handler: ErasedHandler = (input, call) => found.call(handlers, input, call);
      this.#methods.set(name, { spec, handler });
    }
    for (const [name, { spec, adapt }] of Object.entries(triggered)) {
      const found = find(name, "subscription and schedule");
      const handler = adapt((...given) => found.apply(handlers, given));
      this.#methods.set(name, { spec, handler });
    }
  }

  /**
   * Runs one call; never throws, and answers at once when the handler does. Failures that are not
   * the caller's are logged in full.
   */
  run(methodName: string, input: unknown, call: CallContext): Outcome | Promise<Outcome> {
    const method = this.#methods.get(methodName);
    if (method === undefined) {
      return failed(
        new AetherError("CALL_REFUSED", `${this.#contract.name} has no method "${methodName}"`),
        call,
      );
    }
    const { spec, handler } = method;
    let parsed: z.ZodSafeParseResult<unknown>;
    try {
      parsed = spec.input.safeParse(input);
    } catch (thrown) {
      // A transform or an asynchronous refinement of the schema threw.
      return this.#thrown(methodName, thrown, call);
    }
    if (!parsed.success) {
      return failed(
        new AetherError(
          "INPUT_INVALID",
          `The input of ${this.#contract.name} ${methodName} is not valid`,
          { issues: zodIssues(parsed.error) },
        ),
        call,
      );
    }
    try {
      const result = handler(parsed.data, call);
      if (!(result instanceof Promise)) return this.#finish(methodName, spec, result, call);
      return result.then(
        (value) => this.#finish(methodName, spec, value, call),
        (thrown) => this.#thrown(methodName, thrown, call),
      );
    } catch (thrown) {
      return this.#thrown(methodName, thrown, call);
    }
  }

  #finish(methodName: string, spec: MethodSpec, result: unknown, call: CallContext): Outcome {
    try {
      const output = spec.output.safeParse(result);
      if (output.success) return { ok: true, output: output.data };
      const issues = zodIssues(output.error);
      call.log.error("Output does not match the contract", { method: methodName, issues });
      return failed(
        new AetherError(
          "OUTPUT_INVALID",
          `${this.#contract.name} ${methodName} returned a value its contract does not allow`,
        ),
        call,
      );
    } catch (thrown) {
      // A transform of the schema threw.
      return this.#thrown(methodName, thrown, call);
    }
  }

  #thrown(methodName: string, thrown: unknown, call: CallContext): Outcome {
    if (thrown instanceof SliceError) return { ok: false, problem: thrown.toProblem() };
    // Calls to other slices and resources fail with AetherErrors that the caller may see.
    if (thrown instanceof AetherError) return failed(thrown, call);
    call.log.error("Handler failed", {
      method: methodName,
      error: thrown instanceof Error ? thrown.stack ?? thrown.message : String(thrown),
    });
    return failed(
      new AetherError("SLICE_FAILED", `${this.#contract.name} ${methodName} failed`),
      call,
    );
  }
}

function failed(error: AetherError, call: CallContext): Outcome {
  return { ok: false, problem: error.toProblem(call.requestId) };
}

/** Zod's issues in the form that problem documents use. */
export function zodIssues(error: z.ZodError): Issue[] {
  return error.issues.slice(0, 50).map((issue) => ({
    path: issue.path.map(String).join("."),
    message: issue.message,
  }));
}
