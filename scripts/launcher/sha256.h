/* SHA-256 (FIPS 180-4), small and without dependencies; used by launcher.c only. */
#ifndef AETHER_SHA256_H
#define AETHER_SHA256_H

#include <stddef.h>
#include <stdint.h>

#define SHA256_BYTES 32

struct sha256 {
  uint32_t state[8];
  uint64_t total_bytes;
  uint8_t block[64];
  size_t block_bytes;
};

void sha256_init(struct sha256 *hash);
void sha256_update(struct sha256 *hash, const void *data, size_t length);
void sha256_final(struct sha256 *hash, uint8_t digest[SHA256_BYTES]);

#endif
