/**
 * The `tls` table of an `http` section, and what the failures of a handshake mean for it.
 *
 * What can be found without the other side is found when a blueprint is applied: the runtime would
 * leave out an authority that it cannot read, and would fail with a key of another certificate in
 * words that mention neither.
 *
 * @module
 */
import { createPrivateKey, X509Certificate } from "node:crypto";
import { z } from "zod";
import { splitPem } from "../../io/tls/identity.ts";
import { choice } from "../../protocol/config/fields.ts";

const certificates = z.string().refine(areCertificates, {
  error: () => 'write certificates in PEM form, for example "${secrets:payments/ca.pem}"',
});
const keys = z.string().refine((text) => read(() => createPrivateKey(text)) !== undefined, {
  error: () => 'write a private key in PEM form, for example "${secrets:payments/key.pem}"',
});

/** Schema of the table. */
export const tlsSchema = z.strictObject({
  /** Authorities to trust instead of the system's. */
  ca: certificates.optional(),
  /** The client's certificate chain and key. */
  cert: certificates.optional(),
  key: keys.optional(),
  /** Name to ask for and to expect, when it is not that of `baseUrl`. */
  serverName: z.string().min(1).optional(),
  minVersion: choice(["TLSv1.2", "TLSv1.3"]).prefault("TLSv1.2"),
}).superRefine(({ cert, key }, context) => {
  const problem = pairProblem(cert, key);
  if (problem !== undefined) context.addIssue({ code: "custom", ...problem });
}).prefault({});

/** What a failed handshake means for the section. */
export interface TlsFailure {
  readonly message: string;
  readonly hint: string;
}

/**
 * What an error of a connection says about certificates; undefined for all others. None of these
 * goes away by itself.
 */
export function tlsFailure(code: string): TlsFailure | undefined {
  if (code === "ERR_TLS_CERT_ALTNAME_INVALID") {
    return {
      message: "The certificate of the service is for another name",
      hint: "Write the name that its certificate has in baseUrl, or in tls.serverName",
    };
  }
  if (untrusted.test(code)) {
    return {
      message: "The certificate of the service is not trusted: it has expired, or no authority " +
        "that the section trusts has issued it",
      hint: "Set tls.ca of the section to the certificate of the service's authority",
    };
  }
  if (refused.test(code)) {
    return {
      message: "The service has refused the TLS connection",
      hint: "Check tls.cert, tls.key and tls.minVersion of the section",
    };
  }
  return undefined;
}

const untrusted =
  /^(UNABLE_TO_|CERT_|SELF_SIGNED_CERT|DEPTH_ZERO_SELF_SIGNED_CERT|INVALID_CA|INVALID_PURPOSE)/;
const refused = /^ERR_SSL_/;

function areCertificates(text: string): boolean {
  const all = splitPem(text);
  return all.length > 0 && all.every((each) => read(() => new X509Certificate(each)) !== undefined);
}

function read<Value>(parse: () => Value): Value | undefined {
  try {
    return parse();
  } catch {
    return undefined;
  }
}

function pairProblem(
  cert: string | undefined,
  key: string | undefined,
): { readonly path: string[]; readonly message: string } | undefined {
  if ((cert === undefined) !== (key === undefined)) {
    return { path: [], message: "write both cert and key, or none" };
  }
  const [first = ""] = splitPem(cert ?? "");
  const certificate = read(() => new X509Certificate(first));
  const privateKey = read(() => createPrivateKey(key ?? ""));
  if (certificate === undefined || privateKey === undefined) return undefined;
  if (certificate.checkPrivateKey(privateKey)) return undefined;
  return { path: ["key"], message: "write the key that belongs to the first certificate of cert" };
}
