import assert from "node:assert/strict";
import { configError, type ConfigIssue, locate, noOrigins, type Origins } from "./problems.ts";

function issue(path: string, line?: number, name: ConfigIssue["name"] = "CONFIG_INVALID") {
  return { name, path, message: `${path} is wrong`, ...(line === undefined ? {} : { line }) };
}

Deno.test("configError() has the name that all issues share, else CONFIG_INVALID", () => {
  const secret = issue("a", 1, "SECRET_MISSING");
  const listener = issue("b", 2, "INSECURE_LISTENER");
  assert.equal(configError([secret, secret], "x").name, "SECRET_MISSING");
  assert.equal(configError([listener], "x").name, "INSECURE_LISTENER");
  assert.equal(configError([secret, listener], "x").name, "CONFIG_INVALID");
});

Deno.test("configError() orders issues by line and names the first in its message", () => {
  const error = configError([issue("late", 9), issue("early", 2), issue("nowhere")], "a.toml");
  assert.deepEqual(error.issues, [
    { path: "nowhere", message: "nowhere is wrong" },
    { path: "early", message: "early is wrong", line: 2 },
    { path: "late", message: "late is wrong", line: 9 },
  ]);
  assert.equal(error.message, "a.toml has 3 problems, the first: nowhere: nowhere is wrong");
  const single = configError([issue("early", 2)], "a.toml");
  assert.equal(single.message, "a.toml has 1 problem: early (line 2): early is wrong");
});

Deno.test("locate() gives a line only to values that come from the file", () => {
  const origins: Origins = {
    ...noOrigins,
    lineAt: () => 3,
    sourceAt: (path) => path[0] === "app" ? "env APP_PORT" : undefined,
  };
  assert.equal(locate(["node", "id"], "m", origins).line, 3);
  assert.equal(locate(["app", "port"], "m", origins).line, undefined);
});

Deno.test("configError() limits the list and says how many issues it leaves out", () => {
  const error = configError(Array.from({ length: 1_500 }, (_, index) => issue("a", index)), "x");
  assert.equal(error.issues.length, 1_001);
  const message = "500 further problems; correct the listed ones first";
  assert.deepEqual(error.issues.at(-1), { path: "", message });
  assert.match(error.message, /^x has 1500 problems/);
});
