/*
 * The first part of the executable `aether`: unpacks what is appended to it into a private cache
 * folder, once, and becomes the Deno runtime that runs the application found there.
 *
 *   [ this program ][ zstd frame per file ]... [ index: struct entry each ][ struct trailer ]
 *
 * Cache: ROOT/ID/ with ROOT = $AETHER_CACHE, $XDG_CACHE_HOME/aether or $HOME/.cache/aether, and ID
 * from the SHA-256 of the index. Never a folder that others could have made before us.
 *
 *   ROOT/.lock       held exclusively while anything under ROOT is written or removed
 *   ROOT/ID/.use     held shared by every process that runs from ID, through exec, to its end
 *   ROOT/ID/.stamp   SHA-256, size and times of each file as they were when its hash was checked
 *   ROOT/ID/deno/    DENO_DIR of the runtime: its code cache
 *
 * A start compares every file's owner, mode, type, size, mtime and ctime with the stamp; when one
 * differs it hashes all files and unpacks again those that are not what was shipped.
 */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>
#include <zstd.h>

#include "run_args.h" /* made by the build: RUN_ARGS, the arguments of the runtime */
#include "sha256.h"

#define MAGIC "AETHER02"
#define RUNTIME "aether"
#define APPLICATION "aether.js"
#define ID_CHARS 32
#define ENTRIES_MAX 512
#define STAMP_LINE_MAX 256
#define REMOVE_DEPTH_MAX 8
#define OVERFLOW_UID 65534

/* Numbers are little-endian; both structs have no padding. scripts/lib/pack.ts writes them. */
struct entry {
  char name[64];
  uint8_t sha256[SHA256_BYTES];
  uint64_t offset, packed_bytes, raw_bytes;
  uint32_t mode, reserved;
};
struct trailer {
  uint64_t index_offset;
  uint32_t count, reserved;
  uint8_t index_sha256[SHA256_BYTES];
  char magic[8];
};

static struct {
  const uint8_t *bytes;
  size_t length;
  const struct entry *entries;
  uint32_t count;
  char id[ID_CHARS + 1];
} payload;
static char self_path[PATH_MAX];
static char root_path[PATH_MAX];

/* 126: the program was found but could not be run, as shells say it. */
__attribute__((noreturn, format(printf, 1, 2))) static void fail(const char *format, ...) {
  va_list args;
  va_start(args, format);
  fputs("aether: ", stderr);
  vfprintf(stderr, format, args);
  fputc('\n', stderr);
  va_end(args);
  exit(126);
}

#define ELSEWHERE "set AETHER_CACHE to an absolute path that you own and can write"

/* ---------------------------------------------------------------- what is appended */

static void hash_bytes(const void *data, size_t length, uint8_t digest[SHA256_BYTES]) {
  struct sha256 hash;
  sha256_init(&hash);
  sha256_update(&hash, data, length);
  sha256_final(&hash, digest);
}

static void damaged(void) {
  fail("%s is damaged or incomplete: copy or download it again", self_path);
}

static bool within(uint64_t offset, uint64_t length) {
  return offset <= payload.length && length <= payload.length - offset;
}

static void read_payload(void) {
  ssize_t n = readlink("/proc/self/exe", self_path, sizeof self_path - 1);
  if (n <= 0) fail("Cannot read /proc/self/exe (%s): mount /proc", strerror(errno));
  int fd = open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  struct stat info;
  if (fd < 0 || fstat(fd, &info) != 0) fail("Cannot read %s: %s", self_path, strerror(errno));
  payload.length = (size_t)info.st_size;
  payload.bytes = mmap(NULL, payload.length, PROT_READ, MAP_PRIVATE, fd, 0);
  if (payload.bytes == MAP_FAILED) fail("Cannot map %s: %s", self_path, strerror(errno));
  close(fd);

  struct trailer trailer;
  memcpy(&trailer, payload.bytes + payload.length - sizeof trailer, sizeof trailer);
  if (memcmp(trailer.magic, MAGIC, sizeof trailer.magic) != 0) damaged();
  uint64_t index_bytes = (uint64_t)trailer.count * sizeof(struct entry);
  if (trailer.count > ENTRIES_MAX || trailer.index_offset % 8 != 0 ||
      !within(trailer.index_offset, index_bytes)) {
    damaged();
  }
  uint8_t digest[SHA256_BYTES];
  hash_bytes(payload.bytes + trailer.index_offset, index_bytes, digest);
  if (memcmp(digest, trailer.index_sha256, SHA256_BYTES) != 0) damaged();
  payload.entries = (const struct entry *)(payload.bytes + trailer.index_offset);
  payload.count = trailer.count;
  for (int i = 0; i < ID_CHARS / 2; i++) snprintf(payload.id + 2 * i, 3, "%02x", digest[i]);
  for (uint32_t i = 0; i < payload.count; i++) {
    const struct entry *e = &payload.entries[i];
    if (!memchr(e->name, 0, sizeof e->name) || strchr(e->name, '/') || e->name[0] == '.') damaged();
    if (!within(e->offset, e->packed_bytes)) damaged();
  }
}

/* ---------------------------------------------------------------- whom to trust */

static bool trusted_owner(const struct stat *info) {
  return info->st_uid == geteuid() || info->st_uid == 0;
}

/* Nobody but the owner (this user or root) can have put something else in its place. */
static void require_private_folder(int fd, const char *path) {
  struct stat info;
  if (fstat(fd, &info) != 0) fail("Cannot examine %s: %s", path, strerror(errno));
  if (!trusted_owner(&info)) {
    fail("%s belongs to user %u, not to you: %s", path, (unsigned)info.st_uid, ELSEWHERE);
  }
  if (info.st_mode & 022) {
    fail("%s can be written by others: run `chmod go-w %s`, or %s", path, path, ELSEWHERE);
  }
}

static bool trusted_file(int folder, const char *name, uint64_t size, struct stat *info) {
  return fstatat(folder, name, info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISREG(info->st_mode) &&
         trusted_owner(info) && (info->st_mode & 022) == 0 && (uint64_t)info->st_size == size;
}

/* Opens PARENT/name as a folder that is no symbolic link; -1 when it does not exist. */
static int open_folder(int parent, const char *name, const char *shown) {
  int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (fd >= 0) {
    require_private_folder(fd, shown);
    return fd;
  }
  if (errno == ENOENT) return -1;
  struct stat info;
  if (fstatat(parent, name, &info, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(info.st_mode)) {
    fail("%s is a symbolic link: remove it, or %s", shown, ELSEWHERE);
  }
  fail("Cannot open %s (%s): %s", shown, strerror(errno), ELSEWHERE);
}

/* ---------------------------------------------------------------- the cache root */

static void choose_root(void) {
  const char *own = getenv("AETHER_CACHE");
  const char *xdg = getenv("XDG_CACHE_HOME");
  const char *home = getenv("HOME");
  int n;
  if (own && *own) {
    if (*own != '/') fail("AETHER_CACHE is '%s': give an absolute path", own);
    n = snprintf(root_path, sizeof root_path, "%s", own);
  } else if (xdg && *xdg == '/') {
    n = snprintf(root_path, sizeof root_path, "%s/aether", xdg);
  } else if (home && *home == '/') {
    n = snprintf(root_path, sizeof root_path, "%s/.cache/aether", home);
  } else {
    fail("There is no HOME to unpack into: %s", ELSEWHERE);
  }
  if (n < 0 || n > PATH_MAX - 256) fail("The cache path is too long: %s", ELSEWHERE);
  while (n > 1 && root_path[n - 1] == '/') root_path[--n] = 0;
}

static void make_folders(void) {
  char path[PATH_MAX];
  strcpy(path, root_path);
  for (char *slash = path + 1;; slash++) {
    if (*slash != '/' && *slash != 0) continue;
    char saved = *slash;
    *slash = 0;
    struct stat info;
    if (stat(path, &info) != 0 && mkdir(path, 0700) != 0 && errno != EEXIST) {
      fail("Cannot create %s (%s): %s", path, strerror(errno), ELSEWHERE);
    }
    *slash = saved;
    if (saved == 0) return;
  }
}

/*
 * Whoever owns a parent, or may write one that is not sticky, can swap the root under us.
 * Owners outside this user namespace all show as OVERFLOW_UID: of those nothing can be said.
 */
static void require_safe_parents(void) {
  char path[PATH_MAX];
  if (!realpath(root_path, path)) fail("Cannot resolve %s: %s", root_path, strerror(errno));
  for (char *slash = strrchr(path, '/'); slash; slash = strrchr(path, '/')) {
    slash[slash == path ? 1 : 0] = 0;
    struct stat info;
    if (stat(path, &info) != 0) fail("Cannot examine %s: %s", path, strerror(errno));
    if ((info.st_mode & S_IWOTH) && !(info.st_mode & S_ISVTX)) {
      fail("%s can be written by anybody, so nothing under it is safe: %s", path, ELSEWHERE);
    }
    if (!trusted_owner(&info) && info.st_uid != OVERFLOW_UID) {
      fail("%s belongs to user %u, not to you: %s", path, (unsigned)info.st_uid, ELSEWHERE);
    }
    if (slash == path) return;
  }
}

static int open_root(void) {
  choose_root();
  int fd = open_folder(AT_FDCWD, root_path, root_path);
  if (fd < 0) {
    make_folders();
    fd = open_folder(AT_FDCWD, root_path, root_path);
    if (fd < 0) fail("Cannot open %s (%s): %s", root_path, strerror(errno), ELSEWHERE);
  }
  require_safe_parents();
  struct statvfs fs;
  if (fstatvfs(fd, &fs) == 0 && (fs.f_flag & ST_NOEXEC)) {
    fail("%s is on a file system mounted noexec, so nothing can run from it: %s", root_path,
         ELSEWHERE);
  }
  return fd;
}

/* ---------------------------------------------------------------- verification */

/* The stamp as it must read for the files as they are now; NULL when one cannot be trusted. */
static char *describe_files(int folder) {
  char *text = calloc(payload.count + 1, STAMP_LINE_MAX);
  if (!text) fail("Out of memory");
  char *end = text;
  for (uint32_t i = 0; i < payload.count; i++) {
    const struct entry *e = &payload.entries[i];
    struct stat info;
    if (!trusted_file(folder, e->name, e->raw_bytes, &info)) {
      free(text);
      return NULL;
    }
    for (int b = 0; b < SHA256_BYTES; b++) end += sprintf(end, "%02x", e->sha256[b]);
    end += sprintf(end, " %s %llu %lld.%09ld %lld.%09ld\n", e->name,
                   (unsigned long long)e->raw_bytes, (long long)info.st_mtim.tv_sec,
                   info.st_mtim.tv_nsec, (long long)info.st_ctim.tv_sec, info.st_ctim.tv_nsec);
  }
  return text;
}

static bool stamp_matches(int folder) {
  char *expected = describe_files(folder);
  if (!expected) return false;
  size_t length = strlen(expected);
  struct stat info;
  char *found = calloc(1, length + 1);
  bool same = false;
  int fd = openat(folder, ".stamp", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (found && fd >= 0 && trusted_file(folder, ".stamp", length, &info)) {
    same = read(fd, found, length) == (ssize_t)length && memcmp(found, expected, length) == 0;
  }
  if (fd >= 0) close(fd);
  free(found);
  free(expected);
  return same;
}

static bool content_matches(int folder, const struct entry *e) {
  struct stat info;
  if (!trusted_file(folder, e->name, e->raw_bytes, &info)) return false;
  int fd = openat(folder, e->name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (fd < 0) return false;
  struct sha256 hash;
  sha256_init(&hash);
  static uint8_t buffer[1 << 16];
  ssize_t n;
  while ((n = read(fd, buffer, sizeof buffer)) > 0) sha256_update(&hash, buffer, (size_t)n);
  close(fd);
  uint8_t digest[SHA256_BYTES];
  sha256_final(&hash, digest);
  return n == 0 && memcmp(digest, e->sha256, SHA256_BYTES) == 0;
}

static bool all_content_matches(int folder) {
  for (uint32_t i = 0; i < payload.count; i++) {
    if (!content_matches(folder, &payload.entries[i])) return false;
  }
  return true;
}

/* ---------------------------------------------------------------- unpacking */

static void write_all(int fd, const void *data, size_t length, const char *name) {
  const char *from = data;
  while (length > 0) {
    ssize_t n = write(fd, from, length);
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) {
      uint64_t needed = 0;
      for (uint32_t i = 0; i < payload.count; i++) needed += payload.entries[i].raw_bytes;
      fail("Cannot write %s/%s/%s (%s): it needs %llu MB; free some space, or %s", root_path,
           payload.id, name, strerror(errno), (unsigned long long)(needed >> 20) + 1, ELSEWHERE);
    }
    from += n;
    length -= (size_t)n;
  }
}

static int create_temporary(int folder) {
  unlinkat(folder, ".new", 0);
  int flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC;
  int fd = openat(folder, ".new", flags, 0600);
  if (fd < 0) {
    fail("Cannot create a file in %s/%s (%s): %s", root_path, payload.id, strerror(errno),
         ELSEWHERE);
  }
  return fd;
}

static void commit_temporary(int folder, int fd, const char *name, mode_t mode) {
  if (fchmod(fd, mode) != 0 || fsync(fd) != 0 || close(fd) != 0 ||
      renameat(folder, ".new", folder, name) != 0) {
    fail("Cannot finish %s/%s/%s: %s", root_path, payload.id, name, strerror(errno));
  }
}

static void unpack(int folder, const struct entry *e) {
  int fd = create_temporary(folder);
  ZSTD_DCtx *context = ZSTD_createDCtx();
  size_t room = ZSTD_DStreamOutSize();
  uint8_t *out = malloc(room);
  if (!context || !out) fail("Out of memory");
  struct sha256 hash;
  sha256_init(&hash);
  ZSTD_inBuffer input = {payload.bytes + e->offset, e->packed_bytes, 0};
  size_t more = 1;
  while (more != 0) {
    ZSTD_outBuffer output = {out, room, 0};
    more = ZSTD_decompressStream(context, &output, &input);
    if (ZSTD_isError(more) || (more != 0 && output.pos == 0 && input.pos == input.size)) damaged();
    sha256_update(&hash, out, output.pos);
    write_all(fd, out, output.pos, e->name);
  }
  uint8_t digest[SHA256_BYTES];
  sha256_final(&hash, digest);
  if (memcmp(digest, e->sha256, SHA256_BYTES) != 0) damaged();
  free(out);
  ZSTD_freeDCtx(context);
  commit_temporary(folder, fd, e->name, (mode_t)e->mode);
}

static void write_stamp(int folder) {
  char *text = describe_files(folder);
  if (!text) fail("The files in %s/%s change while they are unpacked", root_path, payload.id);
  int fd = create_temporary(folder);
  write_all(fd, text, strlen(text), ".stamp");
  commit_temporary(folder, fd, ".stamp", 0600);
  free(text);
}

/* ---------------------------------------------------------------- old versions */

static void remove_tree(int folder, int depth) {
  int copy = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *list = copy < 0 ? NULL : fdopendir(copy);
  if (!list) return;
  for (struct dirent *item = readdir(list); item; item = readdir(list)) {
    const char *name = item->d_name;
    if (!strcmp(name, ".") || !strcmp(name, "..")) continue;
    if (depth == 0 && !strcmp(name, ".use")) continue;
    if (unlinkat(folder, name, 0) == 0 || depth >= REMOVE_DEPTH_MAX) continue;
    int inner = openat(folder, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (inner < 0) continue;
    remove_tree(inner, depth + 1);
    close(inner);
    unlinkat(folder, name, AT_REMOVEDIR);
  }
  closedir(list);
}

static bool is_version_name(const char *name) {
  return strlen(name) == ID_CHARS && strspn(name, "0123456789abcdef") == ID_CHARS;
}

/* The stamp goes first and .use last: whoever starts meanwhile sees an incomplete version. */
static void remove_version(int root, const char *name) {
  int folder = openat(root, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
  if (folder < 0) return;
  int use = openat(folder, ".use", O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
  if (use < 0 || flock(use, LOCK_EX | LOCK_NB) == 0) {
    unlinkat(folder, ".stamp", 0);
    remove_tree(folder, 0);
    unlinkat(folder, ".use", 0);
    unlinkat(root, name, AT_REMOVEDIR);
  }
  if (use >= 0) close(use);
  close(folder);
}

static void remove_other_versions(int root) {
  int copy = openat(root, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  DIR *list = copy < 0 ? NULL : fdopendir(copy);
  if (!list) return;
  for (struct dirent *item = readdir(list); item; item = readdir(list)) {
    if (is_version_name(item->d_name) && strcmp(item->d_name, payload.id) != 0) {
      remove_version(root, item->d_name);
    }
  }
  closedir(list);
}

/* ---------------------------------------------------------------- the version's folder */

static int open_version(int root) {
  char shown[2 * PATH_MAX];
  snprintf(shown, sizeof shown, "%s/%s", root_path, payload.id);
  return open_folder(root, payload.id, shown);
}

/*
 * Marks the version as in use until this process, and the runtime it becomes, ends: the lock
 * belongs to a descriptor that exec keeps. False when the version was removed meanwhile.
 */
static bool hold_version(int folder) {
  int use = openat(folder, ".use", O_RDONLY | O_NOFOLLOW);
  if (use < 0) return false;
  struct stat info;
  /* A file system without locks only loses the removal of old versions, not safety. */
  (void)flock(use, LOCK_SH);
  if (fstat(use, &info) == 0 && info.st_nlink > 0) return true;
  close(use);
  return false;
}

/* A cache that this user may only read, such as one baked into an image: check, don't repair. */
static int open_read_only(int root, const char *reason) {
  int folder = open_version(root);
  if (folder >= 0 && (stamp_matches(folder) || all_content_matches(folder))) return folder;
  fail("Cannot write in %s (%s): %s", root_path, reason, ELSEWHERE);
}

static int unpack_version(int root) {
  int lock = openat(root, ".lock", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (lock < 0) return open_read_only(root, strerror(errno));
  while (flock(lock, LOCK_EX) != 0) {
    if (errno != EINTR) fail("Cannot lock %s/.lock: %s", root_path, strerror(errno));
  }
  if (mkdirat(root, payload.id, 0700) != 0 && errno != EEXIST) {
    return open_read_only(root, strerror(errno));
  }
  int folder = open_version(root);
  if (folder < 0) fail("Cannot open %s/%s: %s", root_path, payload.id, strerror(errno));
  int use = openat(folder, ".use", O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);
  if (use < 0 && errno != EACCES && errno != EROFS) {
    fail("Cannot create %s/%s/.use: %s", root_path, payload.id, strerror(errno));
  }
  if (use >= 0) close(use);
  if (!stamp_matches(folder)) {
    unlinkat(folder, ".stamp", 0);
    for (uint32_t i = 0; i < payload.count; i++) {
      if (!content_matches(folder, &payload.entries[i])) unpack(folder, &payload.entries[i]);
    }
    write_stamp(folder);
    fsync(folder);
    remove_other_versions(root);
  }
  hold_version(folder);
  close(lock);
  return folder;
}

static int ready_version(int root) {
  int folder = open_version(root);
  if (folder >= 0) {
    if (hold_version(folder) && stamp_matches(folder)) return folder;
    close(folder);
  }
  return unpack_version(root);
}

/* ---------------------------------------------------------------- start */

static void run(int folder, int argc, char **argv) {
  char base[PATH_MAX + 64], path[PATH_MAX + 128], application[PATH_MAX + 128];
  snprintf(base, sizeof base, "%s/%s", root_path, payload.id);
  snprintf(path, sizeof path, "%s/deno", base);
  if (mkdirat(folder, "deno", 0700) == 0 || errno == EEXIST) {
    int fd = open_folder(folder, "deno", path);
    if (fd >= 0) close(fd);
  }
  setenv("DENO_DIR", path, 1);
  setenv("DENO_NO_UPDATE_CHECK", "1", 1);
  setenv("DENO_NO_PACKAGE_JSON", "1", 1);
  setenv("AETHER_EXE", self_path, 1);

  static const char *const fixed[] = {RUN_ARGS};
  const size_t fixed_count = sizeof fixed / sizeof *fixed;
  const char **args = calloc(fixed_count + (size_t)argc + 3, sizeof *args);
  if (!args) fail("Out of memory");
  size_t n = 0;
  args[n++] = "aether";
  for (size_t i = 0; i < fixed_count; i++) args[n++] = fixed[i];
  snprintf(application, sizeof application, "%s/" APPLICATION, base);
  args[n++] = application;
  for (int i = 1; i < argc; i++) args[n++] = argv[i];
  snprintf(path, sizeof path, "%s/" RUNTIME, base);
  execv(path, (char *const *)args);
  fail("Cannot run %s (%s): %s", path, strerror(errno), ELSEWHERE);
}

int main(int argc, char **argv) {
  read_payload();
  int root = open_root();
  run(ready_version(root), argc, argv);
}
