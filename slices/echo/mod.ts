/**
 * The echo slice, version 1: the smallest slice that does something.
 *
 * @module
 */
import { slice } from "aether";
import { echo } from "./contract.ts";

const version = "1";

export default slice(echo, {
  create: () => ({
    echo: ({ text }) => ({ text, version }),
    get: ({ text }) => ({ text, version }),
  }),
});
