import assert from "node:assert/strict";
import type { ResourceFactory, ResourceSection } from "../factory.ts";
import { Network } from "../http/network.ts";
import { World } from "../world_fixture_test.ts";
import { httpFactory } from "./http.ts";

interface Seen {
  readonly method: string;
  readonly path: string;
  readonly headers: Headers;
  readonly body: string;
  readonly connection: number;
}

interface Answer {
  readonly status: number;
  readonly headers: Record<string, string>;
  readonly body: Uint8Array;
}

/** A service that notes what it gets; it runs on loopback, which the ceiling opens. */
class Service implements AsyncDisposable {
  readonly seen: Seen[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  answer: (seen: Seen) => Response | Promise<Response> = () => Response.json({ ok: true });

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, async (request, { remoteAddr }) => {
      const { pathname, search } = new URL(request.url);
      const seen = {
        method: request.method,
        path: pathname + search,
        headers: request.headers,
        body: await request.text(),
        connection: remoteAddr.port,
      };
      this.seen.push(seen);
      return await this.answer(seen);
    });
  }

  get port(): number {
    return this.#server.addr.port;
  }

  get last(): Seen {
    return this.seen.at(-1) ?? assert.fail("Nothing came");
  }

  /** Connections that were used. */
  get connections(): number {
    return new Set(this.seen.map(({ connection }) => connection)).size;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}

interface Setup {
  readonly section?: Readonly<Record<string, unknown>>;
  readonly hosts?: readonly string[];
  readonly ceiling?: readonly string[];
  readonly resolve?: (host: string) => Promise<readonly string[]>;
}

/** Runs a test with a client of the service; answers its requests' messages. */
async function withClient(
  setup: Setup,
  run: (client: Client, service: Service) => Promise<void>,
): Promise<void> {
  await using service = new Service();
  const section: ResourceSection = {
    type: "http",
    baseUrl: `http://127.0.0.1:${service.port}/v1`,
    retry: { minDelay: "1ms", maxDelay: "2ms" },
    ...setup.section,
  };
  const network = new Network({
    ceiling: setup.ceiling ?? [`127.0.0.1:${service.port}`],
    peers: [],
    machine: ["127.0.0.1"],
    ...(setup.resolve === undefined ? {} : { resolve: setup.resolve }),
  });
  const world = new World({
    factory: httpFactory as ResourceFactory,
    section,
    network,
    hosts: (setup.hosts ?? []).map((host) => host.replace("PORT", `${service.port}`)),
  });
  try {
    await run(new Client(world), service);
  } finally {
    world[Symbol.dispose]();
    await until(() => world.registry.views().length === 0);
  }
}

class Client {
  readonly world: World;

  constructor(world: World) {
    this.world = world;
  }

  async send(path: string, more: Record<string, unknown> = {}): Promise<Answer> {
    return await this.world.result({ op: "request", method: "GET", path, ...more }) as Answer;
  }

  async fails(path: string, more: Record<string, unknown> = {}): Promise<string> {
    const { name, detail, code } = await this.world.problem({
      op: "request",
      method: "GET",
      path,
      ...more,
    });
    return `${name ?? code}: ${detail}`;
  }
}

async function until(isTrue: () => boolean): Promise<void> {
  for (let turns = 0; !isTrue(); turns++) {
    assert.ok(turns < 10_000, "It never became true");
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
}

function textOf({ body }: Answer): string {
  return new TextDecoder().decode(body);
}

Deno.test("http sends paths, queries, headers and bodies to the section's service", async () => {
  const headers = { authorization: "Bearer secret", "X-App": "shop" };
  await withClient({ section: { headers } }, async (client, service) => {
    const answer = await client.send("/orders", { query: { q: "a b&c", n: "1" } });
    assert.deepEqual([answer.status, textOf(answer)], [200, '{"ok":true}']);
    assert.equal(answer.headers["content-type"], "application/json");
    assert.deepEqual([service.last.method, service.last.path], ["GET", "/v1/orders?q=a+b%26c&n=1"]);
    assert.equal(service.last.headers.get("authorization"), "Bearer secret");
    await client.send("orders/", {
      method: "POST",
      json: '{"id":1}',
      headers: { "x-app": "own", "X-More": "m" },
    });
    const { last } = service;
    assert.deepEqual([last.method, last.path, last.body], ["POST", "/v1/orders/", '{"id":1}']);
    const given = ["content-type", "x-app", "x-more"].map((name) => last.headers.get(name));
    assert.deepEqual(given, ["application/json", "own", "m"]);
    await client.send("raw", { method: "PUT", body: Uint8Array.of(104, 105) });
    assert.equal(service.last.body, "hi");
    await client.send("", { method: "DELETE" });
    assert.equal(service.last.path, "/v1/");
  });
});

Deno.test("http answers every status, and gives errors of the service as they are", async () => {
  await withClient({}, async (client, service) => {
    service.answer = () => new Response("no", { status: 404, headers: { "x-why": "gone" } });
    const answer = await client.send("a");
    assert.deepEqual([answer.status, answer.headers["x-why"], textOf(answer)], [404, "gone", "no"]);
    service.answer = () => new Response(null, { status: 204 });
    assert.equal((await client.send("a", { method: "HEAD" })).status, 204);
  });
});

Deno.test("http keeps connections, and opens no more than the section says", async () => {
  await withClient({ section: { connections: 2 } }, async (client, service) => {
    for (let count = 0; count < 5; count++) await client.send("one-by-one");
    assert.equal(service.connections, 1);
    await Promise.all(Array.from({ length: 20 }, () => client.send("together")));
    assert.equal(service.connections, 2);
  });
});

Deno.test("http renames properties of JSON on the wire", async () => {
  await withClient({ section: { jsonNaming: "snake" } }, async (client, service) => {
    service.answer = () => Response.json({ order_id: 1, unit_prices: [{ net_value: 2 }] });
    const answer = await client.send("a", { method: "POST", json: '{"orderId":1}' });
    assert.equal(service.last.body, '{"order_id":1}');
    assert.equal(textOf(answer), '{"orderId":1,"unitPrices":[{"netValue":2}]}');
    service.answer = () => new Response("{", { headers: { "content-type": "application/json" } });
    assert.equal(textOf(await client.send("a")), "{");
  });
});

Deno.test("http tries again what may be repeated, and nothing else", async () => {
  await withClient({}, async (client, service) => {
    const failing = (failures: number, status: number) => {
      service.seen.length = 0;
      service.answer = () =>
        service.seen.length <= failures ? new Response("", { status }) : new Response("done");
    };
    failing(2, 503);
    assert.equal(textOf(await client.send("a")), "done");
    assert.equal(service.seen.length, 3);
    failing(3, 503);
    assert.equal((await client.send("a")).status, 503);
    failing(1, 503);
    assert.equal((await client.send("a", { method: "POST" })).status, 503);
    failing(1, 503);
    assert.equal(textOf(await client.send("a", { method: "POST", idempotent: true })), "done");
    failing(1, 500);
    assert.equal((await client.send("a")).status, 500);
    // Longer than the request may take.
    service.answer = () => new Response("", { status: 429, headers: { "retry-after": "3600" } });
    assert.equal((await client.send("a")).status, 429);
  });
});

Deno.test("http says why there is no answer", async () => {
  await withClient({ section: { maxBodyBytes: "1KiB" } }, async (client, service) => {
    service.answer = () => new Response("x".repeat(2_000));
    assert.match(await client.fails("a"), /^HTTP_TOO_LARGE: .* more than 1024 bytes/);
    assert.match(
      await client.fails("a", { method: "PUT", body: "x".repeat(1_025) }),
      /^HTTP_REFUSED/,
    );
    const held = Promise.withResolvers<Response>();
    service.answer = () => held.promise;
    assert.match(await client.fails("a", { timeoutMs: 30 }), /^HTTP_TIMEOUT: .* within 30 ms/);
    held.resolve(new Response("late"));
  });
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const closed = { baseUrl: `http://127.0.0.1:${port}` };
  await withClient({ section: closed, ceiling: [`127.0.0.1:${port}`] }, async (client) => {
    assert.match(await client.fails("a", { method: "POST" }), /^HTTP_UNREACHABLE: 127\.0\.0\.1:/);
  });
  // Nobody answers there.
  const silent = { baseUrl: "http://api.example", connectTimeout: "20ms", retry: { attempts: 1 } };
  const resolve = () => new Promise<readonly string[]>(() => {});
  await withClient({ section: silent, resolve }, async (client) => {
    assert.match(await client.fails("a"), /^HTTP_TIMEOUT: .* took no connection within 20 ms/);
  });
});

Deno.test("http fails the open requests of an instance that ends", async () => {
  await withClient({}, async (client, service) => {
    const held = Promise.withResolvers<Response>();
    const came = Promise.withResolvers<void>();
    service.answer = () => {
      came.resolve();
      return held.promise;
    };
    const open = client.world.registry;
    const failed = open.provision(
      {
        instance: "n1/b/1",
        artifact: "org.example:b:1.0.0",
        artifactBase: "org.example:b",
        needs: [{ name: "api", type: "http", section: "it" }],
        hosts: [],
      },
      () => {},
    ).get("api")?.({ op: "request", method: "GET", path: "a" });
    await came.promise;
    open.releaseAll("n1/b/1");
    await assert.rejects(failed ?? assert.fail(), { name: "RESOURCE_LOST" });
    held.resolve(new Response(""));
  });
});

Deno.test("http leads nowhere but to the section's service and the manifest's hosts", async () => {
  await withClient({ hosts: ["other.example:443"] }, async (client, service) => {
    const base = `http://127.0.0.1:${service.port}`;
    const wrong = [
      "http://evil.example/",
      "https://other.example:444/",
      "http://other.example/",
      `http://127.0.0.1:${service.port + 1}/`,
      `http://user:pass@127.0.0.1:${service.port}/v1/a`,
      "file:///etc/passwd",
      "../admin",
      "/%2e%2e/admin",
      `${base}/admin`,
      `${base}/v10`,
    ];
    for (const path of wrong) assert.match(await client.fails(path), /^HTTP_REFUSED: /, path);
    assert.equal(service.seen.length, 0);
    for (const path of ["//evil.example/x", `${base}/v1/x`, "/a/../x"]) await client.send(path);
    assert.deepEqual(service.seen.map(({ path }) => path), [
      "/v1/evil.example/x",
      "/v1/x",
      "/v1/x",
    ]);
    for (const name of ["host", "Connection", "content-length", "proxy-authorization", "a b"]) {
      assert.match(await client.fails("a", { headers: { [name]: "x" } }), /^REQUEST_INVALID: /);
    }
    const split = { headers: { a: "x\r\nauthorization: y" } };
    assert.match(await client.fails("a", split), /^REQUEST_INVALID: /);
    assert.match(await client.fails("a", { method: "CONNECT" }), /^REQUEST_INVALID: /);
  });
});

Deno.test("http follows redirects, checks every host of them, and takes no credentials along", async () => {
  const section = { headers: { authorization: "Bearer secret" } };
  await withClient(
    { section, hosts: ["friend.example:PORT"], resolve: local },
    async (client, service) => {
      let target = "";
      service.answer = ({ path }) =>
        path === "/v1/start"
          ? new Response(null, { status: 302, headers: { location: target } })
          : new Response(path);
      target = "/elsewhere";
      assert.equal(textOf(await client.send("start")), "/elsewhere");
      assert.equal(service.last.headers.get("authorization"), "Bearer secret");
      target = `http://friend.example:${service.port}/friend`;
      assert.equal(textOf(await client.send("start", { headers: { Cookie: "c" } })), "/friend");
      const { headers } = service.last;
      assert.deepEqual([headers.get("authorization"), headers.get("cookie")], [null, null]);
      target = `http://enemy.example:${service.port}/`;
      assert.match(await client.fails("start"), /^HTTP_REFUSED: .* may not send requests to enemy/);
      target = "ftp://friend.example/";
      assert.match(await client.fails("start"), /^HTTP_REFUSED: /);
      target = "/v1/start";
      assert.match(await client.fails("start"), /^HTTP_REFUSED: More than 5 redirects/);
    },
  );
});

const local = () => Promise.resolve(["127.0.0.1"]);

Deno.test("http keeps the method of 307 and 308, and asks with GET after other redirects", async () => {
  await withClient({}, async (client, service) => {
    for (
      const [status, expected] of [[303, "GET "], [302, "GET "], [307, "POST x"], [308, "POST x"]]
    ) {
      service.answer = ({ path, method, body }) =>
        path === "/v1/start"
          ? new Response(null, { status: Number(status), headers: { location: "/end" } })
          : new Response(`${method} ${body}`);
      const answer = await client.send("start", { method: "POST", body: "x" });
      assert.equal(textOf(answer), expected);
    }
  });
});

Deno.test("http connects to no inner address, whatever a name resolves to and when", async () => {
  let addresses = ["127.0.0.1"];
  const resolve = () => Promise.resolve(addresses);
  const hosts = ["api.example:PORT"];
  await withClient({ hosts, resolve }, async (client, service) => {
    const url = `http://api.example:${service.port}/`;
    // Every request needs a connection of its own.
    service.answer = () => new Response("ok", { headers: { connection: "close" } });
    assert.equal((await client.send(url)).status, 200);
    // The same name leads elsewhere now.
    for (const next of [["169.254.169.254"], ["127.0.0.2"], ["::1"], ["::ffff:127.0.0.3"]]) {
      addresses = next;
      assert.match(await client.fails(url), /^HTTP_REFUSED: Host "api\.example" leads to /);
    }
    addresses = ["169.254.169.254", "127.0.0.1"];
    assert.equal((await client.send(url)).status, 200);
    assert.equal(service.seen.length, 2);
  });
});

Deno.test("http lets nobody reach a port of the node itself", async () => {
  const network = { ceiling: ["127.0.0.1"] };
  await withClient(network, async (client, service) => {
    assert.equal((await client.send("a")).status, 200);
    assert.equal(service.seen.length, 1);
  });
  await withClient({ ceiling: [] }, async (client) => {
    assert.match(await client.fails("a"), /^HTTP_REFUSED: Host "127\.0\.0\.1" leads to/);
  });
});

Deno.test("http holds no more than 64 MiB of the requests of an instance that wait", async () => {
  await withClient({}, async (client, service) => {
    const held = Promise.withResolvers<void>();
    service.answer = async () => {
      await held.promise;
      return new Response("late");
    };
    const body = new Uint8Array(10 * 1024 * 1024);
    const post = () => client.world.ask({ op: "request", method: "POST", path: "a", body });
    const asked = Array.from({ length: 8 }, post);
    const refused = await Promise.race(asked);
    assert.equal(refused.problem?.name, "OVERLOADED");
    held.resolve();
    const replies = await Promise.all(asked);
    assert.equal(replies.filter(({ ok }) => ok).length, 6);
    assert.equal(textOf(await client.send("a", { method: "POST", body })), "late");
  });
});
