/**
 * Rendezvous hashing: everybody who knows the same candidates picks the same one for a key, and a
 * candidate that goes moves only the keys that it had.
 *
 * Pure. The gateways keep calls with an affinity key together with it, without talking about it.
 *
 * @module
 */

/** A 32-bit hash of a text, well mixed; not for secrets. */
export function hashText(text: string, seed = 0): number {
  // FNV-1a, then the finalizer of MurmurHash3, because similar texts must land far apart.
  let hash = 0x811c9dc5 ^ seed;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}

/** A candidate's claim to a key; the highest claim has it. A double weight has twice the keys. */
export function claim(key: string, candidate: string, weight = 1): number {
  const share = (hashText(candidate, hashText(key)) + 0.5) / 2 ** 32;
  return -weight / Math.log(share);
}
