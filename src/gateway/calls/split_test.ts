import assert from "node:assert/strict";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import { Service, Version } from "./service.ts";
import { saidVariants, variantOf, variantsOf, withVariants } from "./split.ts";

const echo = "org.example:echo";
const [one, two] = [`${echo}:1.0.0`, `${echo}:2.0.0`];

function service(
  split: Omit<NonNullable<RoutedService["split"]>, "to"> | undefined,
  ...weights: number[]
): Service {
  const made = new Service(echo, 0);
  made.update(weights.map((weight, index) => {
    const routed: RoutedService = {
      contract: echo,
      artifact: `${echo}:${index + 1}.0.0`,
      weight,
      methods: {},
      calls: [],
      concurrency: 1,
      instances: [],
      remotes: [],
      ...(split === undefined ? {} : { split: { ...split, to: two } }),
    };
    return new Version("n1", routed);
  }));
  return made;
}

/** How many of 1,000 requests get the new version. */
function share(service: Service, headers: (index: number) => Headers): number {
  let count = 0;
  for (let index = 0; index < 1_000; index++) {
    if (variantOf(service, `request-${index}`, headers(index)) === two) count++;
  }
  return count;
}

const none = new Headers();

Deno.test("variantOf() assigns by the hash of a header or a cookie, by the shares, for ever", () => {
  for (const split of [{ by: "header", name: "X-User" }, { by: "cookie", name: "user" }] as const) {
    const tested = service(split, 3, 1);
    const of = (user: string) =>
      new Headers(split.by === "header" ? { "x-user": user } : { cookie: `a=1; user=${user}` });
    const count = share(tested, (index) => of(`user=${index}`));
    assert.ok(count > 200 && count < 300, `${count} of 1000 on a quarter`);
    for (let user = 0; user < 20; user++) {
      const seen = Array.from(
        { length: 20 },
        (_, index) => variantOf(tested, `request-${index}`, of(`user=${user}`)),
      );
      assert.equal(new Set(seen).size, 1, "whatever the request");
    }
  }
});

Deno.test("variantOf() gives the new version to those whose header has the value", () => {
  const tested = service({ by: "header", name: "x-group", value: "beta" }, 1, 1);
  assert.equal(variantOf(tested, "r", new Headers({ "x-group": "beta" })), two);
  assert.equal(variantOf(tested, "r", new Headers({ "x-group": "Beta" })), one);
  assert.equal(variantOf(tested, "r", none), one);
  assert.equal(variantOf(tested, "r"), one);
});

Deno.test("variantOf() assigns by the request where nothing else is said", () => {
  for (const split of [{ by: "request" }, { by: "cookie", name: "missing" }] as const) {
    const tested = service(split, 1, 1);
    const count = share(tested, () => none);
    assert.ok(count > 440 && count < 560, `${count} of 1000 on a half`);
    assert.equal(variantOf(tested, "r-1"), variantOf(tested, "r-1", none));
  }
  assert.equal(variantOf(service({ by: "request" }, 1, 0), "r"), one, "no share, no calls");
});

Deno.test("variantsOf() decides for every test at once, and only while one runs", () => {
  assert.equal(variantsOf([], none, "r"), undefined);
  const tested = service({ by: "request" }, 1, 1);
  assert.deepEqual(Object.keys(variantsOf([tested], none, "r") ?? {}), [echo]);
  assert.equal(service({ by: "request" }, 1).split, undefined, "a single version is no test");
  assert.equal(service(undefined, 1, 1).split, undefined);
});

Deno.test("withVariants() and saidVariants() carry what was decided, and nothing insane", () => {
  const variants = { [echo]: two };
  for (const meta of ["", '{"client":"192.0.2.1"}']) {
    const parsed = JSON.parse(withVariants(meta, variants));
    assert.deepEqual(saidVariants(parsed.variants), variants);
    assert.equal(withVariants(meta, undefined), meta);
  }
  const many = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`c${index}`, two]));
  for (const said of [null, "x", 1, [two], { [echo]: 1 }, { [echo]: "x".repeat(513) }, many]) {
    assert.equal(saidVariants(said), undefined);
  }
});
