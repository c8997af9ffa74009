/**
 * Code that breaks and keeps each rule: for the documentation, and for the test that lints it.
 *
 * It stands apart from the rules, which are unpacked beside slices.
 *
 * @module
 */

/** A piece of code. */
export interface LintSample {
  /** Name of the file that it stands for. @default {"mod.ts"} */
  readonly file?: string;
  /** The `[permissions]` of its slice.toml. */
  readonly permissions?: Readonly<Record<string, readonly string[]>>;
  readonly code: string;
}

/** The samples of one rule. */
export interface LintSamples {
  readonly bad: LintSample;
  readonly good: LintSample;
}

const goodContract = `import { contract, method, z } from "aether";

export const orders = contract("org.example:orders", {
  placeOrder: method({
    input: z.object({ item: z.string() }),
    output: z.object({ id: z.string() }),
    http: "POST /order-items",
  }),
}, { errors: { SOLD_OUT: { status: 409 } } });
`;

const created = (lines: string) =>
  `import { slice } from "aether";
import { orders } from "./contract.ts";

export default slice(orders, {
  create: () => ({
${lines}
  }),
});
`;

const handling = (lines: string) =>
  `import { kv, slice, z } from "aether";
import { links } from "./contract.ts";

export default slice(links, {
  needs: { urls: kv(z.string()) },
  create: ({ urls }) => ({
    shorten: async ({ code, url }) => {
${lines}
      return { code };
    },
  }),
});
`;

/** Samples by rule. */
export const lintSamples: Readonly<Record<string, LintSamples>> = {
  "contract-file": {
    bad: {
      code: `import { contract } from "aether";

export const orders = contract("org.example:orders", {});
`,
    },
    good: { file: "contract.ts", code: goodContract },
  },
  "naming": {
    bad: {
      file: "contract.ts",
      code: goodContract.replace("placeOrder", "place_order").replace("SOLD_OUT", "soldOut")
        .replace("order-items", "orderItems").replace('"org.example:orders"', '"Orders"'),
    },
    good: { file: "contract.ts", code: goodContract },
  },
  "no-top-level-effects": {
    bad: { code: `const startedAt = Date.now();\nexport const age = () => startedAt;\n` },
    good: { code: created("    age: () => ({ now: Date.now() }),") },
  },
  "no-module-state": {
    bad: {
      code: `let count = 0;\nexport const next = () => ++count;\n`,
    },
    good: {
      code: `import { kv, slice, z } from "aether";
import { counter } from "./contract.ts";

export default slice(counter, {
  needs: { counts: kv(z.int()) },
  create: ({ counts }) => ({
    next: async () => {
      const entry = await counts.entry("next");
      const value = (entry?.value ?? 0) + 1;
      await counts.put("next", value, { ifRevision: entry?.revision ?? 0 });
      return { value };
    },
  }),
});
`,
    },
  },
  "no-computed-import": {
    bad: { code: `export const load = (name: string) => import(\`./\${name}.ts\`);\n` },
    good: {
      code: `import * as english from "./english.ts";
import * as german from "./german.ts";

const languages = { english, german };
export const load = (name: keyof typeof languages) => languages[name];
`,
    },
  },
  "use-log": {
    bad: {
      code: created('    place: () => {\n      console.log("Placed");\n      return {};\n    },'),
    },
    good: {
      code: created(
        '    place: (_input, call) => {\n      call.log.info("Placed");\n      return {};\n    },',
      ),
    },
  },
  "no-floating-promises": {
    bad: { code: handling("      urls.put(code, url);") },
    good: { code: handling("      await urls.put(code, url);") },
  },
  "typed-errors": {
    bad: {
      code: handling(
        '      if (url === "") throw new Error("The URL is empty");\n' +
          "      await urls.put(code, url);",
      ),
    },
    good: {
      code: handling(
        '      if (url === "") throw links.errors.URL_EMPTY("The URL is empty");\n' +
          "      await urls.put(code, url);",
      ),
    },
  },
  "permission-missing": {
    bad: { code: `export const region = () => Deno.env.get("REGION");\n`, permissions: {} },
    good: {
      code: `export const region = () => Deno.env.get("REGION");\n`,
      permissions: { env: ["REGION"] },
    },
  },
};
