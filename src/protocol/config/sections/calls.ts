/**
 * The table `[calls]` of `aether.toml`: time, size and interceptors of calls to slices.
 *
 * @module
 */
import { limits } from "../../limits.ts";
import { byteSize, durationMs, integer, list, section, text } from "../fields.ts";

/** The table; `config.ts` checks how its times relate to each other and to `[app]`. */
export const callsSection = section({
  answerTimeout: durationMs({ minimum: "1ms", maximum: "1d" }).optional().describe(
    "Time in which an instance must answer; less than app.requestTimeout, 9/10 of it unless set",
  ),
  forwardTimeout: durationMs({ minimum: "1ms", maximum: "1m" }).optional().describe(
    "Silence after which another node is given up and its calls go elsewhere; less than " +
      "calls.answerTimeout, 1s or half of that unless set",
  ),
  maxBytes: byteSize({ minimum: "1KiB", maximum: "16MiB" }).prefault("4MiB").describe(
    "Largest input and largest output of a call between slices",
  ),
  maxDepth: integer(1, 1_000).prefault(limits.callDepth).describe(
    "Calls that may be inside each other, the one from outside included: ends calls in a circle",
  ),
  interceptorsOff: list(
    text(
      /^(?:\*|[a-z0-9._-]+:[a-z0-9-]+)\/(?:\*|[A-Za-z0-9]+)\/(?:\*|[A-Za-z]+)$/,
      "group:name/method/interceptor",
      'write group:name/method/interceptor, each of them or "*", for example ' +
        '"org.example:echo/*/rateLimit"',
    ),
    "group:name/method/interceptor, with * for all",
  ).prefault([]).describe("Interceptors that are switched off, whatever slices and blueprints say"),
}).prefault({}).describe("Calls to slices and between them");
