import assert from "node:assert/strict";
import { createServer, type ServerOptions } from "node:https";
import type { AddressInfo, Socket } from "node:net";
import type { TLSSocket } from "node:tls";
import { createAuthority, issueCertificate, type KeyPair } from "../../io/tls/certificates.ts";
import { HttpClient } from "./client.ts";
import { Network } from "./network.ts";
import { httpOptionsSchema } from "./options.ts";

const hourMs = 3_600_000;

function newAuthority(cluster: string): Promise<KeyPair> {
  return createAuthority({ cluster, nowMs: Date.now() - 10 * hourMs, validMs: 100 * hourMs });
}

interface CertificateOptions {
  readonly hosts?: readonly string[];
  /** From now; a negative one has expired. */
  readonly validMs?: number;
}

function certificateOf(
  authority: KeyPair,
  id: string,
  { hosts = ["127.0.0.1"], validMs = hourMs }: CertificateOptions = {},
): Promise<KeyPair> {
  const nowMs = Date.now() - 5 * hourMs;
  const identity = { cluster: "test", role: "node", id } as const;
  return issueCertificate({ authority, identity, hosts, nowMs, validMs: 5 * hourMs + validMs });
}

/** A service over TLS; answers with who asks, and for which name. */
class Service implements AsyncDisposable {
  readonly #server: ReturnType<typeof createServer>;
  readonly #sockets = new Set<Socket>();
  readonly seen: string[] = [];
  location: string | undefined;

  private constructor(pair: KeyPair, options: ServerOptions) {
    const settings = { cert: pair.certificate, key: pair.key, ...options };
    this.#server = createServer(settings, ({ socket }, response) => {
      const { servername } = socket as TLSSocket & { servername?: string | false };
      const client = (socket as TLSSocket).getPeerCertificate()?.subject?.CN ?? "nobody";
      const line = `${client} asks ${servername || "no name"}`;
      this.seen.push(line);
      const { location } = this;
      response.writeHead(location === undefined ? 200 : 302, location ? { location } : {});
      response.end(line);
    });
    this.#server.on("connection", (socket: Socket) => this.#sockets.add(socket));
    // The client is told as well.
    this.#server.on("tlsClientError", () => {});
  }

  static async start(pair: KeyPair, options: ServerOptions = {}): Promise<Service> {
    const service = new Service(pair, options);
    await new Promise<void>((resolve) => service.#server.listen(0, "127.0.0.1", resolve));
    return service;
  }

  get address(): string {
    return `127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const closed = new Promise((resolve) => this.#server.close(resolve));
    for (const socket of this.#sockets) socket.destroy();
    await closed;
  }
}

/** The text of the service's answer, or the error in its place. */
async function ask(
  { address }: Service,
  tls: Readonly<Record<string, string>>,
  ceiling: readonly string[] = [],
): Promise<string> {
  const baseUrl = `https://${address}`;
  const options = httpOptionsSchema.parse({ baseUrl, tls });
  const network = new Network({ ceiling: [address, ...ceiling], peers: [], machine: [] });
  const client = new HttpClient(options, network);
  try {
    const { body } = await client.send({
      method: "GET",
      url: new URL(baseUrl),
      headers: {},
      body: undefined,
      timeoutMs: 60_000,
      isIdempotent: true,
      check: () => {},
      signal: new AbortController().signal,
    });
    return new TextDecoder().decode(body);
  } catch (error) {
    return String(error).replace(address, "SERVICE");
  } finally {
    await client.close();
  }
}

function clientPair({ certificate, key }: KeyPair): { cert: string; key: string } {
  return { cert: certificate, key };
}

const notTrusted =
  /^HTTP_UNREACHABLE: SERVICE: The certificate of the service is not trusted: .*\(UNABLE_TO_/;

Deno.test("HttpClient trusts the authorities of the section, and no others", async () => {
  const ours = await newAuthority("ours");
  const theirs = await newAuthority("theirs");
  const ca = ours.certificate;
  {
    await using service = await Service.start(await certificateOf(ours, "service"));
    assert.equal(await ask(service, { ca }), "nobody asks no name");
    assert.equal(await ask(service, { ca: theirs.certificate + ca }), "nobody asks no name");
    assert.match(await ask(service, { ca: theirs.certificate }), notTrusted);
    assert.match(await ask(service, {}), notTrusted);
    assert.equal(service.seen.length, 2);
  }
  const expired = await certificateOf(ours, "service", { validMs: -hourMs });
  await using service = await Service.start(expired);
  assert.match(await ask(service, { ca }), notTrusted);
  assert.equal(service.seen.length, 0);
});

Deno.test("HttpClient expects the name of baseUrl, or that of tls.serverName", async () => {
  const ours = await newAuthority("ours");
  const ca = ours.certificate;
  const hosts = ["payments.internal"];
  await using service = await Service.start(await certificateOf(ours, "service", { hosts }));
  const another = /^HTTP_UNREACHABLE: SERVICE: The certificate of the service is for another name/;
  assert.match(await ask(service, { ca }), another);
  assert.match(await ask(service, { ca, serverName: "orders.internal" }), another);
  const serverName = "payments.internal";
  assert.equal(await ask(service, { ca, serverName }), "nobody asks payments.internal");
});

for (const version of ["TLSv1.2", "TLSv1.3"] as const) {
  Deno.test(`HttpClient shows its certificate to a service that asks for one, ${version}`, async () => {
    const ours = await newAuthority("ours");
    const theirs = await newAuthority("theirs");
    const ca = ours.certificate;
    await using service = await Service.start(await certificateOf(ours, "service"), {
      ca: [ours.certificate],
      requestCert: true,
      rejectUnauthorized: true,
      maxVersion: version,
      minVersion: version,
    });
    const shop = clientPair(await certificateOf(ours, "shop"));
    assert.equal(await ask(service, { ca, ...shop }), "shop asks no name");
    const stranger = clientPair(await certificateOf(theirs, "stranger"));
    const expired = clientPair(await certificateOf(ours, "old", { validMs: -hourMs }));
    for (const wrong of [{}, stranger, expired]) {
      assert.match(await ask(service, { ca, ...wrong }), /^HTTP_UNREACHABLE: SERVICE: /);
    }
    assert.deepEqual(service.seen, ["shop asks no name"]);
  });
}

Deno.test("HttpClient speaks no older version of TLS than the section says", async () => {
  const ours = await newAuthority("ours");
  const ca = ours.certificate;
  const pair = await certificateOf(ours, "service");
  await using service = await Service.start(pair, { maxVersion: "TLSv1.2" });
  assert.equal(await ask(service, { ca }), "nobody asks no name");
  assert.match(
    await ask(service, { ca, minVersion: "TLSv1.3" }),
    /^HTTP_UNREACHABLE: SERVICE: The service has refused the TLS connection/,
  );
});

Deno.test("HttpClient neither trusts nor shows the section's certificates elsewhere", async () => {
  const ours = await newAuthority("ours");
  const pair = await certificateOf(ours, "service");
  const asks = { ca: [ours.certificate], requestCert: true, rejectUnauthorized: false };
  await using service = await Service.start(pair, asks);
  await using other = await Service.start(pair, asks);
  const tls = { ca: ours.certificate, ...clientPair(await certificateOf(ours, "shop")) };
  service.location = `https://${other.address}/`;
  assert.match(await ask(service, tls, [other.address]), /is not trusted/);
  assert.deepEqual([service.seen, other.seen], [["shop asks no name"], []]);
});
