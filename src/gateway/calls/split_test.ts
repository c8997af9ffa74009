import assert from "node:assert/strict";
import type { RoutedService } from "../../protocol/thread/threads.ts";
import { Service, Version } from "./service.ts";
import { splitKey } from "./split.ts";

function service(split: RoutedService["split"], ...weights: number[]): Service {
  const made = new Service("org.example:echo", 0);
  made.update(weights.map((weight, index) => {
    const routed: RoutedService = {
      contract: "org.example:echo",
      artifact: `org.example:echo:${index + 1}.0.0`,
      weight,
      methods: {},
      calls: [],
      concurrency: 1,
      instances: [],
      remotes: [],
      ...(split === undefined ? {} : { split }),
    };
    return new Version("n1", routed);
  }));
  return made;
}

Deno.test("splitKey() is the header or the cookie of a split, if there is one", () => {
  const headers = new Headers({ "x-user": "ann", cookie: "a=1; session=b=2; other=3" });
  assert.equal(splitKey(service({ by: "header", name: "X-User" }, 1, 1), headers), "ann");
  assert.equal(splitKey(service({ by: "cookie", name: "session" }, 1, 1), headers), "b=2");
  assert.equal(splitKey(service({ by: "cookie", name: "missing" }, 1, 1), headers), undefined);
  assert.equal(splitKey(service(undefined, 1, 1), headers), undefined);
  assert.equal(splitKey(service({ by: "header", name: "x-user" }, 1), headers), undefined);
});
