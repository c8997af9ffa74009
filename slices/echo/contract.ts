/**
 * Contract of the echo slice, version 1.
 *
 * @module
 */
import { contract, method, z } from "aether";

const text = z.string().max(10_000);

/** Answers what it is told. */
export const echo = contract("org.example:echo", {
  echo: method({
    input: z.object({ text }),
    output: z.object({ text, version: z.string() }),
    http: "POST /echo",
    summary: "Answers the text of the body",
  }),
  get: method({
    input: z.object({ text }),
    output: z.object({ text, version: z.string() }),
    http: "GET /echo/:text",
    summary: "Answers the text of the path",
  }),
});
