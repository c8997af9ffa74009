import assert from "node:assert/strict";
import { AetherClient } from "../../src/client/client.ts";
import { followEvents } from "../../src/client/events.ts";
import { refused, TestApi } from "./setup.ts";

Deno.test("eventList and eventStream tell what happened, and what happens then", async () => {
  await using api = await TestApi.start();
  const client = new AetherClient({ address: `127.0.0.1:${api.port}` });
  const { events, newest } = await client.call("eventList", { query: {} });
  const types = events.map(({ type }) => type);
  assert.deepEqual(types.filter((type) => type !== "QUORUM_ESTABLISHED"), [
    "LEADER_ELECTED",
    "NODE_JOINED",
  ]);
  const stop = new AbortController();
  const following = followEvents(client, { since: newest, signal: stop.signal, retryMs: 1 });
  const next = following.next();
  await client.call("clusterAdd", { body: { node: "n4", address: "127.0.0.1:1" } });
  const { value } = await next;
  assert.equal(value?.type, "NODE_ADDED");
  assert.equal(value?.node, "n4");
  const after = following.next();
  await client.call("clusterRemove", { params: { node: "n4" } });
  assert.equal((await after).value?.type, "NODE_REMOVED");
  stop.abort();
  await following.return();
});

Deno.test("followEvents() goes on after the last event over a broken connection", async () => {
  await using api = await TestApi.start();
  let connections = 0;
  const client = new AetherClient({
    address: `127.0.0.1:${api.port}`,
    fetch: async (input, init) => {
      connections++;
      if (connections === 2) throw new TypeError("The network is down");
      const response = await fetch(input, init);
      if (connections !== 1) return response;
      // The first connection ends after one event.
      const reader = response.body?.getReader();
      const first = await reader?.read();
      await reader?.cancel();
      const text = new TextDecoder().decode(first?.value);
      const end = text.indexOf("\n\n") + 2;
      return new Response(text.slice(0, end), { headers: response.headers });
    },
  });
  const broken: string[] = [];
  const stop = new AbortController();
  const following = followEvents(client, {
    since: 0,
    signal: stop.signal,
    retryMs: 1,
    onBroken: ({ name }) => broken.push(name),
  });
  const first = await following.next();
  const second = await following.next();
  assert.equal(second.value?.revision, (first.value?.revision ?? 0) + 1);
  assert.deepEqual(broken, ["UNREACHABLE"]);
  assert.equal(connections, 3);
  stop.abort();
  await following.return();
});

Deno.test("cluster rows add, promote and remove nodes, and refuse what is not safe", async () => {
  await using api = await TestApi.start();
  const client = new AetherClient({ address: `127.0.0.1:${api.port}` });
  const post = (path: string, body: unknown) =>
    api.fetch("POST", path, {
      body: JSON.stringify(body),
      headers: { "content-type": "application/json" },
    });
  const added = await client.call("clusterAdd", { body: { node: "n4", address: "127.0.0.1:1" } });
  assert.deepEqual(
    [added.id, added.role, added.state, added.slotsBehind, added.address],
    ["n4", "follower", "JOINING", null, "127.0.0.1:1"],
  );
  const status = await client.call("clusterStatus");
  assert.deepEqual(status.voters, ["node-1"]);
  assert.deepEqual(status.followers, ["n4"]);
  assert.equal(status.leader, "node-1");
  assert.deepEqual(status.quorum, { ...status.quorum, established: true, needed: 1, alive: 1 });
  await refused(await post("/api/cluster/promote", { nodes: ["n4"] }), "CHANGE_UNSAFE");
  await refused(await post("/api/cluster/promote", { nodes: ["n5"] }), "NODE_NOT_FOUND");
  await refused(await api.fetch("DELETE", "/api/cluster/members/n5"), "NODE_NOT_FOUND");
  await refused(
    await api.fetch("DELETE", "/api/cluster/members/node-1?force=true"),
    "CHANGE_UNSAFE",
  );
  await client.call("clusterRemove", { params: { node: "n4" } });
  const { members, removed } = await client.call("clusterMembers");
  assert.deepEqual(members.map(({ id }) => id), ["node-1"]);
  assert.deepEqual(removed.map(({ id }) => id), ["n4"]);
});
