/**
 * A `fetch` that also trusts given certificate authorities, for management APIs with TLS.
 *
 * Deno only; the command line passes it to {@link AetherClient} for `--tls-ca`.
 *
 * @module
 */

/** A fetch with its own connections, to be closed when it is no longer needed. */
export interface TrustingFetch {
  readonly fetch: typeof fetch;
  /** Closes idle connections. */
  close(): void;
}

/** A fetch that trusts these certificates, in PEM form, besides those of the system. */
export function trustingFetch(caCerts: readonly string[]): TrustingFetch {
  const client = Deno.createHttpClient({ caCerts: [...caCerts] });
  return {
    fetch: (input, init) => fetch(input, { ...init, client }),
    close: () => client.close(),
  };
}
