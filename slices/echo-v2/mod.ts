/**
 * The echo slice, version 2.
 *
 * @module
 */
import { slice } from "aether";
import { echo } from "./contract.ts";

const version = "2";

export default slice(echo, {
  create: () => ({
    echo: ({ text }) => ({ text, version }),
    get: ({ text }) => ({ text, version }),
    shout: ({ text }) => ({ text: text.toUpperCase(), version }),
  }),
});
