/**
 * Contract of the echo slice, version 2: version 1 and a louder method.
 *
 * @module
 */
import { contract, method, z } from "aether";

const text = z.string().max(10_000);
const output = z.object({ text, version: z.string() });

/** Answers what it is told, in upper case if asked to. */
export const echo = contract("org.example:echo", {
  echo: method({
    input: z.object({ text }),
    output,
    http: "POST /echo",
    summary: "Answers the text of the body",
  }),
  get: method({
    input: z.object({ text }),
    output,
    http: "GET /echo/:text",
    summary: "Answers the text of the path",
  }),
  shout: method({
    input: z.object({ text }),
    output,
    http: "GET /shout/:text",
    summary: "Answers the text of the path in upper case",
  }),
});
