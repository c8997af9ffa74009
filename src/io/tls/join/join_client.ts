/**
 * Asks a member of a cluster for a certificate, with a token: what a new node does first of all.
 *
 * The member is believed only after its certificate was checked against the authority that the
 * token names; the token's secret and the request are sent after that. The key never leaves here.
 *
 * @module
 */
import * as tls from "node:tls";
import type { ErrorName } from "../../../base/error_catalog.ts";
import { errorCatalog } from "../../../base/error_catalog.ts";
import { AetherError } from "../../../base/errors.ts";
import {
  type Address,
  defaultTransportLimits,
  dialTimeout,
  formatAddress,
} from "../../../base/transport/transport.ts";
import {
  type JoinAnswer,
  joinAnswerSchema,
  type JoinRequest,
  parseToken,
} from "../../../protocol/peer/join.ts";
import { StreamLink } from "../../stream_link.ts";
import { createRequest } from "../certificates.ts";
import { readCertificate, timeProblem } from "../identity.ts";
import { shownCertificate } from "../peer_certificate.ts";
import { joinProtocol, TlsStream } from "../tls_stream.ts";

const timeoutMsDefault = 10_000;
const answerBytesMax = 4 * 1024 * 1024;

/** What a new node has to say. */
export interface JoinOptions {
  readonly address: Address;
  readonly token: string;
  readonly node: string;
  readonly nowMs: number;
  readonly timeoutMs?: number;
}

/** What it gets. */
export interface JoinedNode {
  readonly certificate: string;
  readonly key: string;
  readonly authorities: readonly string[];
  readonly members: readonly { readonly id: string; readonly address: string }[];
}

/**
 * Gets a certificate for a new key.
 *
 * @throws {AetherError} JOIN_REFUSED, PEER_REFUSED, ISSUER_MISSING, UNREACHABLE, TIMEOUT
 */
export async function requestCertificate(options: JoinOptions): Promise<JoinedNode> {
  const { token, node, address } = options;
  const pinned = parseToken(token).authority;
  const first = await ask(options, undefined, { kind: "authorities" });
  const known = first.kind === "authorities" ? first.authorities : [];
  const authority = known.find((pem) => sha256Of(pem) === pinned);
  if (authority === undefined) {
    const text = `The node at ${formatAddress(address)} is not of the cluster that made the token`;
    throw new AetherError("PEER_REFUSED", text);
  }
  const { request, key } = await createRequest();
  const answer = await ask(options, authority, { kind: "sign", token, node, request });
  if (answer.kind !== "certificate") throw unreadable(address);
  const { certificate, authorities, members } = answer;
  return { certificate, key, authorities, members };
}

/** One question on a connection of its own; without an authority the other end is not believed. */
async function ask(
  { address, nowMs, timeoutMs = timeoutMsDefault }: JoinOptions,
  authority: string | undefined,
  request: JoinRequest,
): Promise<JoinAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<Uint8Array>();
  const socket = tls.connect({
    host: address.hostname,
    port: address.port,
    ...(authority === undefined ? {} : { ca: [authority] }),
    minVersion: "TLSv1.3",
    ALPNProtocols: [joinProtocol],
    rejectUnauthorized: false,
    checkServerIdentity: () => undefined,
  });
  const timer = setTimeout(() => reject(dialTimeout(address, timeoutMs)), timeoutMs);
  socket.once("secureConnect", () => {
    const problem = authority === undefined ? undefined : problemOf(socket, nowMs);
    if (problem !== undefined) return reject(refused(address, problem));
    const limits = { ...defaultTransportLimits, maxFrameBytes: answerBytesMax };
    const link = new StreamLink(new TlsStream(socket, address, undefined), limits, () => {});
    link.start({
      onFrame: (frame) => resolve(frame.slice()),
      onClose: (reason) => reject(refused(address, reason)),
    });
    link.send(new TextEncoder().encode(JSON.stringify(request)));
  });
  socket.once("error", (error) => reject(refused(address, error.message)));
  try {
    return readAnswer(await promise, address);
  } finally {
    clearTimeout(timer);
    socket.destroy();
  }
}

function problemOf(socket: tls.TLSSocket, nowMs: number): string | undefined {
  const { certificate, isAuthorized } = shownCertificate(socket);
  if (certificate === undefined) return "It showed no certificate";
  const late = timeProblem(certificate, nowMs);
  if (late !== undefined) return `Its certificate ${late}`;
  if (!isAuthorized) return "Its certificate is not of the authority that the token names";
  return certificate.identity?.role === "node" ? undefined : "Its certificate is not of a node";
}

function readAnswer(bytes: Uint8Array, address: Address): JoinAnswer {
  let answer: JoinAnswer;
  try {
    answer = joinAnswerSchema.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch {
    throw unreadable(address);
  }
  if (answer.kind !== "refusal") return answer;
  const name = Object.hasOwn(errorCatalog, answer.name) ? answer.name as ErrorName : "JOIN_REFUSED";
  throw new AetherError(name, answer.message);
}

function sha256Of(pem: string): string | undefined {
  try {
    return readCertificate(pem).sha256;
  } catch {
    return undefined;
  }
}

function refused(address: Address, reason: string): AetherError {
  const where = formatAddress(address);
  return new AetherError("PEER_REFUSED", `Node at ${where} gives no certificate: ${reason}`);
}

function unreadable(address: Address): AetherError {
  return refused(address, "what it says cannot be understood");
}
