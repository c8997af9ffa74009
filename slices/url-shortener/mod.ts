/**
 * The URL shortener: links in the replicated store, visits counted by another slice.
 *
 * @module
 */
import { kv, slice, SliceError, z } from "aether";
import { analytics } from "../analytics/contract.ts";
import { shortener } from "./contract.ts";

const codeLength = 7;
const alphabet = "abcdefghijkmnpqrstuvwxyz23456789";
const attemptsMax = 5;

export default slice(shortener, {
  needs: { analytics, links: kv(z.string()) },
  create: ({ analytics, links }) => ({
    async shorten({ url }) {
      for (let attempt = 0; attempt < attemptsMax; attempt++) {
        const code = randomCode();
        try {
          await links.put(code, url, { ifRevision: 0 });
          return { code };
        } catch (error) {
          // The code is taken: another one.
          if (!(error instanceof SliceError) || error.code !== "KV_CONFLICT") throw error;
        }
      }
      throw new SliceError("NO_CODE", "No free code was found; try again", { status: 503 });
    },
    async resolve({ code }, call) {
      const url = await links.get(code);
      if (url === undefined) {
        throw shortener.errors.LINK_NOT_FOUND(`No link has the code "${code}"`, { code });
      }
      try {
        await analytics.record({ code });
      } catch (error) {
        // A link must work even when counting does not.
        call.log.warn("The visit was not counted", { code, error: String(error) });
      }
      return { url };
    },
  }),
});

function randomCode(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(codeLength));
  return Array.from(bytes, (byte) => alphabet[byte % alphabet.length]).join("");
}
