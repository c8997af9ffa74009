/**
 * How a node that has no certificate yet asks for one: tokens, and the messages on a link for it.
 *
 * A token is shown once, to the operator. It names the authority that the new node is to believe
 * before it says anything, and holds a secret of which the store has only the hash.
 *
 * @module
 */
import { z } from "zod";
import { AetherError } from "../../base/errors.ts";

const prefix = "aej_";
const idBytes = 8;
const secretBytes = 24;
const hashBytes = 32;

/** The parts of a token. */
export interface JoinToken {
  /** Hexadecimal; not secret. */
  readonly id: string;
  readonly secret: Uint8Array;
  /** SHA-256 of the authority's certificate, hexadecimal. */
  readonly authority: string;
}

/** Bytes of randomness that a token needs. */
export const tokenRandomBytes = idBytes + secretBytes;

/** A token from fresh random bytes. */
export function newToken(random: Uint8Array, authority: string): JoinToken {
  return { id: random.slice(0, idBytes).toHex(), secret: random.slice(idBytes), authority };
}

/** The token as an operator passes it on. */
export function formatToken({ id, secret, authority }: JoinToken): string {
  const bytes = new Uint8Array(tokenRandomBytes + hashBytes);
  bytes.set(Uint8Array.fromHex(id));
  bytes.set(secret, idBytes);
  bytes.set(Uint8Array.fromHex(authority), tokenRandomBytes);
  return prefix + bytes.toBase64({ alphabet: "base64url", omitPadding: true });
}

/**
 * Reads a token; the message never shows it.
 *
 * @throws {AetherError} JOIN_REFUSED
 */
export function parseToken(text: string): JoinToken {
  try {
    if (!text.startsWith(prefix)) throw new SyntaxError("No token");
    const bytes = Uint8Array.fromBase64(text.slice(prefix.length), { alphabet: "base64url" });
    if (bytes.length !== tokenRandomBytes + hashBytes) throw new SyntaxError("Too short or long");
    return {
      id: bytes.slice(0, idBytes).toHex(),
      secret: bytes.slice(idBytes, tokenRandomBytes),
      authority: bytes.slice(tokenRandomBytes).toHex(),
    };
  } catch {
    throw new AetherError("JOIN_REFUSED", "The text is not a join token", {
      hint: "Copy it whole, as `aether cluster token create` printed it",
    });
  }
}

const pem = z.string().max(64 * 1024);
const nodeAddress = z.object({ id: z.string().max(64), address: z.string().max(300) });

/** What a new node says. */
export const joinRequestSchema = z.discriminatedUnion("kind", [
  /** Asked before anything is believed, to find the authority that the token names. */
  z.object({ kind: z.literal("authorities") }),
  z.object({
    kind: z.literal("sign"),
    token: z.string().max(200),
    node: z.string().regex(/^[a-z0-9][a-z0-9-]{0,62}$/),
    request: pem,
  }),
]);
/** One of {@link joinRequestSchema}. */
export type JoinRequest = z.output<typeof joinRequestSchema>;

/** What a member answers. */
export const joinAnswerSchema = z.discriminatedUnion("kind", [
  z.object({ kind: z.literal("authorities"), authorities: z.array(pem).max(32) }),
  z.object({
    kind: z.literal("certificate"),
    certificate: pem,
    authorities: z.array(pem).max(32),
    /** Members and where they take links. */
    members: z.array(nodeAddress).max(1_000),
  }),
  z.object({
    kind: z.literal("refusal"),
    name: z.string().max(64),
    message: z.string().max(1_000),
  }),
]);
/** One of {@link joinAnswerSchema}. */
export type JoinAnswer = z.output<typeof joinAnswerSchema>;
