import assert from "node:assert/strict";
import { createPrivateKey, X509Certificate } from "node:crypto";
import * as tls from "node:tls";
import { type Clock, ManualClock } from "../../base/clock.ts";
import { SeededRandom } from "../../base/random.ts";
import type { Address } from "../../base/transport/transport.ts";
import { systemClock } from "../../io/clock.ts";
import { initAuthority, issueInto } from "../../io/tls/authority_folder.ts";
import { readCredentials } from "../../io/tls/credentials.ts";
import { readCertificate } from "../../io/tls/identity.ts";
import { readIssuer } from "../../io/tls/issuer.ts";
import { joinInto } from "../../io/tls/join/join_into.ts";
import { readJoined } from "../../io/tls/join/joined_folder.ts";
import { requestCertificate } from "../../io/tls/join/join_client.ts";
import { Refusals } from "../../io/tls/refusals.ts";
import { tlsTransport } from "../../io/tls/tls_transport.ts";
import { type Config, resolveConfig } from "../../protocol/config/config.ts";
import { keys } from "../../protocol/keys.ts";
import { createLogger } from "../../sdk/logger.ts";
import { MemoryStore } from "../control/store_fixture_test.ts";
import { JoinServer } from "./join_server.ts";
import { JoinTokens } from "./join_tokens.ts";

const hourMs = 3_600_000;
const log = createLogger(() => {});

class BarrierStore extends MemoryStore {
  readonly voters = ["n1"];

  readBarrier(): Promise<void> {
    return Promise.resolve();
  }
}

/** A member that takes new nodes. */
class Member implements AsyncDisposable {
  readonly store = new BarrierStore();
  readonly clock = new ManualClock(Date.now());
  readonly random = new SeededRandom("join");
  readonly tokens = new JoinTokens(this);
  readonly #stop: () => Promise<void>;

  private constructor(
    readonly config: Config,
    readonly folder: string,
    readonly address: Address,
    serve: (member: Member) => void,
    stop: () => Promise<void>,
  ) {
    this.#stop = stop;
    serve(this);
  }

  static async start(hasIssuer = true): Promise<Member> {
    const folder = await Deno.makeTempDir({ prefix: "aether-join-" });
    const validity = { nowMs: Date.now(), validMs: hourMs };
    await initAuthority(folder, { cluster: "test", ...validity });
    await issueInto(folder, { names: ["n1"], role: "node", hosts: [], ...validity });
    const [ca, certificate, key, issuerKey] = ["ca.crt", "n1.crt", "n1.key", "ca.key"]
      .map((name) => `${folder}/${name}`) as [string, string, string, string];
    const files = { ca, certificate, key };
    const config = resolveConfig({
      node: { id: "n1" },
      tls: hasIssuer ? { ...files, issuerKey } : files,
    });
    const current = await readCredentials(files);
    const clock: Clock = systemClock();
    let server: JoinServer | undefined;
    const transport = tlsTransport({ hostname: "127.0.0.1", port: 0 }, {
      credentials: { current, onChange() {}, close() {} },
      refusals: new Refusals(log, clock),
      clock,
      onJoin: (link) => server?.serve(link),
    });
    const address = await transport.listen((link) => link.close());
    const serve = (member: Member) => {
      const { store, random, clock: time } = member;
      server = new JoinServer({ config, store, random, log, clock: time });
    };
    return new Member(config, folder, address, serve, async () => {
      await transport.close();
      await Deno.remove(folder, { recursive: true });
    });
  }

  async token(options: { ttlMs?: number; node?: string } = {}): Promise<string> {
    const { ttlMs = hourMs, node = null } = options;
    const { sha256 } = await readIssuer(this.config);
    return (await this.tokens.create({ ttlMs, node, authority: sha256 })).token;
  }

  join(token: string, node = "n4") {
    return requestCertificate({ address: this.address, token, node, nowMs: Date.now() });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#stop();
  }
}

Deno.test("JoinServer gives the bearer of a token a certificate, once", async () => {
  await using member = await Member.start();
  const token = await member.token();
  const joined = await member.join(token);
  const { identity } = readCertificate(joined.certificate);
  assert.deepEqual(identity, { cluster: "test", role: "node", id: "n4" });
  const certificate = new X509Certificate(joined.certificate);
  assert.ok(certificate.checkPrivateKey(createPrivateKey(joined.key)));
  assert.equal(joined.authorities.length, 1);
  await assert.rejects(member.join(token, "n5"), {
    name: "JOIN_REFUSED",
    message: /does not exist, or was used already/,
  });
});

Deno.test("JoinServer gives one of two that use a token at the same time a certificate", async () => {
  await using member = await Member.start();
  const token = await member.token();
  const joins = await Promise.allSettled([member.join(token, "n4"), member.join(token, "n5")]);
  assert.deepEqual(joins.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
});

Deno.test("JoinServer refuses tokens that are late, revoked, wrong, or of another node", async () => {
  await using member = await Member.start();
  const bound = await member.token({ node: "n7" });
  await assert.rejects(member.join(bound), { message: /is for node "n7", not for "n4"/ });
  const late = await member.token({ ttlMs: 60_000 });
  member.clock.advance(60_000);
  await assert.rejects(member.join(late), { name: "JOIN_REFUSED", message: /has expired/ });
  const revoked = await member.token();
  await member.tokens.revoke(member.tokens.list().at(-1)?.id ?? "");
  await assert.rejects(member.join(revoked), { name: "JOIN_REFUSED" });
  const good = await member.token();
  // The secret is between the id and the authority.
  const wrong = good.slice(0, 20) + (good[20] === "A" ? "B" : "A") + good.slice(21);
  await assert.rejects(member.join(wrong), { name: "JOIN_REFUSED", message: /secret .* is wrong/ });
  await assert.rejects(member.join("aej_x"), { name: "JOIN_REFUSED" });
  await member.join(good);
});

Deno.test("JoinServer gives nobody the name of a node that exists", async () => {
  await using member = await Member.start();
  member.store.write(
    "node",
    keys.member.put(keys.member.key("n2"), {
      id: "n2",
      state: "ON_DUTY",
      version: "0",
      incarnation: 1,
      addresses: { cluster: "", gateway: "", storage: "", management: "", app: "" },
    }),
  );
  const token = await member.token();
  for (const node of ["n1", "n2"]) {
    await assert.rejects(member.join(token, node), {
      message: `There is a node "${node}" in the cluster already`,
    });
  }
  await member.join(token);
});

Deno.test("JoinServer without the authority's key says how to go on", async () => {
  await using rich = await Member.start();
  await using poor = await Member.start(false);
  const token = await rich.token();
  const asking = requestCertificate({
    address: poor.address,
    token,
    node: "n4",
    nowMs: Date.now(),
  });
  await assert.rejects(asking, { name: "ISSUER_MISSING", message: "Node n1 has no tls.issuerKey" });
});

Deno.test("joinInto() keeps what it gets, and asks only once", async () => {
  await using member = await Member.start();
  const dataDir = `${member.folder}/data`;
  const options = { dataDir, node: "n4", address: member.address, nowMs: Date.now() };
  assert.equal(await readJoined(dataDir), undefined);
  await assert.rejects(joinInto({ ...options, token: undefined }), { name: "USAGE" });
  assert.equal(await joinInto({ ...options, token: await member.token() }), true);
  const joined = await readJoined(dataDir);
  assert.ok(joined !== undefined);
  assert.equal((await readCredentials(joined.tls)).identity.id, "n4");
  assert.equal(await joinInto({ ...options, token: undefined }), false);
});

Deno.test("requestCertificate() tells a token's secret to nobody but the token's cluster", async () => {
  await using member = await Member.start();
  await using impostor = await Member.start();
  const token = await member.token();
  const asking = requestCertificate({
    address: impostor.address,
    token,
    node: "n4",
    nowMs: Date.now(),
  });
  await assert.rejects(asking, {
    name: "PEER_REFUSED",
    message: /is not of the cluster that made/,
  });
  await member.join(token);
});

Deno.test("JoinServer closes links that say nonsense, or too much", async () => {
  await using member = await Member.start();
  const knock = async (bytes: Uint8Array): Promise<string> => {
    const socket = tls.connect({
      host: member.address.hostname,
      port: member.address.port,
      rejectUnauthorized: false,
      ALPNProtocols: ["aether-join/1"],
    });
    const heard: Uint8Array[] = [];
    socket.on("error", () => {});
    socket.on("data", (chunk: Uint8Array) => {
      heard.push(chunk);
      // The link lingers behind its answer.
      member.clock.advance(500);
    });
    socket.write(bytes);
    await new Promise<void>((resolve) => socket.once("close", () => resolve()));
    return heard.map((chunk) => new TextDecoder().decode(chunk)).join("");
  };
  const frame = (text: string) => {
    const body = new TextEncoder().encode(text);
    return Uint8Array.of(body.length, 0, 0, 0, ...body);
  };
  assert.match(await knock(frame("no json")), /JOIN_REFUSED.*cannot be read/);
  assert.match(await knock(frame('{"kind":"sign"}')), /JOIN_REFUSED/);
  assert.equal(await knock(Uint8Array.of(255, 255, 255, 255)), "");
  // The first question is answered, or the second one came before that.
  await knock(Uint8Array.of(...frame("1"), ...frame("2")));
  const timers = setInterval(() => member.clock.advance(1_000), 5);
  try {
    assert.equal(await knock(Uint8Array.of(5, 0)), "");
  } finally {
    clearInterval(timers);
  }
  await member.join(await member.token());
});
