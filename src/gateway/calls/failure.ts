/**
 * What is said of a call that got no answer of a slice.
 *
 * @module
 */
import { AetherError } from "../../base/errors.ts";
import type { Answer } from "../call.ts";
import type { Service } from "./service.ts";

/** The error of a call that ended without an answer of the slice. */
export function callFailure(
  { kind }: Pick<Answer, "kind">,
  service: Service,
  method: string,
  isIdempotent: boolean,
): AetherError {
  const artifact = service.versions[0]?.routed.artifact ?? service.contract;
  const name = `${artifact} ${method}`;
  switch (kind) {
    case "timeout":
    case "aborted":
      return new AetherError("DEADLINE_EXCEEDED", `${name} did not answer before its deadline`);
    case "full":
      return new AetherError(
        "OVERLOADED",
        `Every instance of ${artifact} is at its limit of calls`,
      );
    case "lost":
      if (isIdempotent) break;
      return new AetherError(
        "CALL_OUTCOME_UNKNOWN",
        `The instance of ${name}, or its node, ended during the call`,
      );
  }
  return new AetherError("NO_INSTANCE", `No instance of ${artifact} could be reached`);
}
