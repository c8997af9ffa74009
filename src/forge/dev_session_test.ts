import assert from "node:assert/strict";
import { AetherError } from "../base/errors.ts";
import type { DevBuild } from "./dev_build.ts";
import { type DevCluster, DevSession, type SessionOptions } from "./dev_session.ts";

/** A build of one slice in one state. */
function build(state: string): DevBuild {
  const artifact = `org.a:echo:1.0.0-dev.${state}`;
  const bytes = new TextEncoder().encode(state);
  return {
    artifacts: [{ artifact, bytes, methods: {}, warnings: [] }],
    blueprint: `artifact = "${artifact}"`,
  };
}

/** A session on a recording cluster; `deploy` decides what a deployment does. */
function session(deploy: DevCluster["deploy"] = () => Promise.resolve("org.a:app:1.0.0")) {
  const events: string[] = [];
  const stop = new AbortController();
  const note = (text: string) => {
    events.push(text);
    return Promise.resolve();
  };
  const options: SessionOptions = {
    signal: stop.signal,
    connect: () => ({
      publish: (path) => note(`publish ${path}`),
      deploy: async (blueprint, signal) => {
        await note(`deploy ${stateOf(blueprint)}`);
        return await deploy(blueprint, signal);
      },
      routes: () => Promise.resolve([]),
    }),
    onReady: (info) => note(`ready ${info.blueprint} ${info.slices}`),
    say: (line) => note(line.replace(/ in [\d.]+ s$/, "")),
    warn: note,
    report: (error) => note(`${error.name}`),
  };
  const addresses = { id: "dev-1", management: "http://m", app: "http://a" };
  return { session: new DevSession(options, [addresses], "folder"), events, stop };
}

function stateOf(blueprint: string): string {
  return /dev\.(\w+)/.exec(blueprint)?.[1] ?? "";
}

/** Changes that come one after the other, then none. */
function changes(count: number) {
  return { next: () => Promise.resolve(count-- > 0) };
}

const path = (state: string) =>
  `publish org/a/echo/1.0.0-dev.${state}/echo-1.0.0-dev.${state}.slice`;

Deno.test("DevSession.run() deploys what changed and nothing else", async () => {
  const { session: dev, events } = session();
  const builds = [build("a"), build("b")];
  await dev.run(
    Promise.resolve(build("a")),
    () => Promise.resolve(builds.shift() ?? build("b")),
    changes(2),
  );
  assert.deepEqual(events, [
    path("a"),
    "deploy a",
    "ready org.a:app:1.0.0 org.a:echo:1.0.0-dev.a",
    path("b"),
    "deploy b",
    "org.a:echo:1.0.0-dev.b deployed",
  ]);
});

Deno.test("DevSession.run() reports a build that fails and goes on", async () => {
  const { session: dev, events } = session();
  const broken = Promise.reject(new AetherError("SLICE_BUILD_FAILED", "Text"));
  broken.catch(() => {});
  await dev.run(broken, () => Promise.resolve(build("a")), changes(1));
  assert.deepEqual(events, [
    "SLICE_BUILD_FAILED",
    "Nothing is deployed yet; waiting for a change in folder",
    path("a"),
    "deploy a",
    "ready org.a:app:1.0.0 org.a:echo:1.0.0-dev.a",
  ]);
});

Deno.test("DevSession.run() brings back what was served when a start fails", async () => {
  const { session: dev, events } = session((blueprint) =>
    stateOf(blueprint) === "bad"
      ? Promise.reject(new AetherError("DEPLOYMENT_FAILED", "Text"))
      : Promise.resolve("org.a:app:1.0.0")
  );
  const builds = [build("bad"), build("a")];
  await dev.run(Promise.resolve(build("a")), () => Promise.resolve(builds.shift()!), changes(2));
  assert.deepEqual(events.slice(3), [
    path("bad"),
    "deploy bad",
    "deploy a",
    "DEPLOYMENT_FAILED",
    "What was deployed before keeps running",
  ]);
});

Deno.test("DevSession.run() says why a start failed, also when the cluster returns first", async () => {
  let isReturning = false;
  const { session: dev, events } = session((blueprint) => {
    if (stateOf(blueprint) === "bad") {
      isReturning = true;
      return Promise.reject(new AetherError("DEPLOYMENT_FAILED", "Text"));
    }
    return isReturning
      ? Promise.reject(new AetherError("REVISION_CONFLICT", "It was changed meanwhile"))
      : Promise.resolve("org.a:app:1.0.0");
  });
  await dev.run(Promise.resolve(build("a")), () => Promise.resolve(build("bad")), changes(1));
  assert.deepEqual(events.slice(-2), [
    "DEPLOYMENT_FAILED",
    "What was deployed before keeps running",
  ]);
});

Deno.test("DevSession.run() throws errors when there is nothing to wait for", async () => {
  const { session: dev } = session();
  const broken = Promise.reject(new AetherError("ARTIFACT_INVALID", "Text"));
  await assert.rejects(dev.run(broken, () => broken, undefined), { name: "ARTIFACT_INVALID" });
});

Deno.test("DevSession.run() throws when the node cannot be reached", async () => {
  const { session: dev } = session(() => Promise.reject(new AetherError("UNREACHABLE", "Text")));
  const first = Promise.resolve(build("a"));
  const pending = { next: () => Promise.withResolvers<boolean>().promise };
  await assert.rejects(dev.run(first, () => first, pending), { name: "UNREACHABLE" });
});

Deno.test("DevSession.run() ends when the signal fires", async () => {
  const { session: dev, events, stop } = session((_, signal) => {
    stop.abort();
    return Promise.reject(signal.reason);
  });
  const first = Promise.resolve(build("a"));
  await dev.run(first, () => first, changes(5));
  assert.deepEqual(events, [path("a"), "deploy a"]);
});
