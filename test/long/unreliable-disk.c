/*
 * A disk that can lose power or fail, preloaded into a process (LD_PRELOAD). What is written below
 * $UNRELIABLE_DISK_ROOT goes to the real file; what was there before goes to an undo journal below
 * $UNRELIABLE_DISK_JOURNAL, until a sync makes the write durable. After a kill -9, undoing the
 * journals (unreliable-disk.ts) leaves what a power cut would leave.
 *
 * <path with % for />.data    what unsynced writes to a file replaced; a sync of the file empties it
 * <path with % for />.names   names that are new in a folder; a sync of the folder empties it
 *
 * A removal counts as durable at once. Mapped memory is not seen: nobody writes files that way.
 *
 * $UNRELIABLE_DISK_SYNC_US: a file that says how many microseconds longer a sync takes from now on.
 *
 * $UNRELIABLE_DISK_FAIL = "<write|sync> <part of the path> <n> <errno>": the n-th such call fails,
 * once, as on a real disk whose next try would seem to succeed.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

#define REAL(name) ((__typeof__(&name))real(#name))
enum { OVERWRITTEN = 1, DURABLE = 2 };

/* Little endian on every machine that runs the test; followed by `kept` bytes. */
struct record {
  uint64_t kind, offset, length, size, kept;
};

static pthread_mutex_t locks[64] = {[0 ... 63] = PTHREAD_MUTEX_INITIALIZER};

static void *real(const char *name) {
  void *found = dlsym(RTLD_NEXT, name);
  if (found == NULL) abort();
  return found;
}

static int below(const char *path) {
  const char *root = getenv("UNRELIABLE_DISK_ROOT");
  if (root == NULL) return 0;
  size_t length = strlen(root);
  return strncmp(path, root, length) == 0 && (path[length] == '/' || path[length] == 0);
}

/* Whether the descriptor is one of a file or folder that is watched, and its path. */
static int watched(int fd, char path[PATH_MAX]) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, PATH_MAX - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return below(path);
}

static pthread_mutex_t *lock(const char *path) {
  unsigned hash = 0;
  for (const char *at = path; *at != 0; at++) hash = hash * 31 + (unsigned char)*at;
  pthread_mutex_t *mutex = &locks[hash % 64];
  pthread_mutex_lock(mutex);
  return mutex;
}

static void journal_name(char name[PATH_MAX], const char *path, const char *kind) {
  int used = snprintf(name, PATH_MAX, "%s/", getenv("UNRELIABLE_DISK_JOURNAL"));
  for (const char *at = path; *at != 0 && used < PATH_MAX - 8; at++)
    name[used++] = *at == '/' ? '%' : *at;
  strcpy(name + used, kind);
}

/* One write: a process that is killed meanwhile leaves a record that is whole, or is no record. */
static void append(const char *path, const char *kind, const void *data, size_t length) {
  char name[PATH_MAX];
  journal_name(name, path, kind);
  int fd = REAL(open64)(name, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0 || REAL(write)(fd, data, length) != (ssize_t)length) abort();
  close(fd);
}

static void forget(const char *path, const char *kind) {
  char name[PATH_MAX];
  journal_name(name, path, kind);
  REAL(unlink)(name);
}

static int has_journal(const char *path) {
  char name[PATH_MAX];
  journal_name(name, path, ".data");
  return access(name, F_OK) == 0;
}

static void wait_for_disk(void) {
  const char *name = getenv("UNRELIABLE_DISK_SYNC_US");
  if (name == NULL) return;
  char microseconds[16] = "";
  int file = REAL(open64)(name, O_RDONLY | O_CLOEXEC);
  if (file < 0 || read(file, microseconds, sizeof microseconds - 1) <= 0) abort();
  close(file);
  usleep((useconds_t)atoi(microseconds));
}

/* Keeps what a write or a change of size will replace. */
static void keep(int fd, const char *path, uint64_t offset, uint64_t length) {
  struct stat file;
  if (fstat(fd, &file) != 0) abort();
  uint64_t size = (uint64_t)file.st_size;
  uint64_t kept = offset >= size ? 0 : size - offset < length ? size - offset : length;
  char *buffer = malloc(sizeof(struct record) + kept);
  struct record record = {OVERWRITTEN, offset, length, size, kept};
  memcpy(buffer, &record, sizeof record);
  // A descriptor of its own: this one may be open for writing alone.
  int reader = REAL(open64)(path, O_RDONLY | O_CLOEXEC);
  if (reader < 0) abort();
  if (pread64(reader, buffer + sizeof record, kept, (off_t)offset) != (ssize_t)kept) abort();
  close(reader);
  append(path, ".data", buffer, sizeof record + kept);
  free(buffer);
}

/* @returns the error that this call is to fail with, or 0 */
static int failure(const char *call, const char *path) {
  static int calls = 0;
  const char *wish = getenv("UNRELIABLE_DISK_FAIL");
  char kind[16], part[128];
  int nth = 0, error = 0;
  if (wish == NULL || sscanf(wish, "%15s %127s %d %d", kind, part, &nth, &error) != 4) return 0;
  if (strcmp(kind, call) != 0 || strstr(path, part) == NULL) return 0;
  return __sync_add_and_fetch(&calls, 1) == nth ? error : 0;
}

static ssize_t write_at(int fd, const struct iovec *parts, int count, off_t offset, int moves) {
  char path[PATH_MAX];
  int is_watched = offset >= 0 && watched(fd, path);
  if (!is_watched)
    return moves ? REAL(writev)(fd, parts, count) : REAL(pwritev64)(fd, parts, count, offset);
  size_t length = 0;
  for (int i = 0; i < count; i++) length += parts[i].iov_len;
  int is_synced = (fcntl(fd, F_GETFL) & O_DSYNC) != 0;
  pthread_mutex_t *mutex = lock(path);
  int error = failure("write", path);
  int others = has_journal(path);
  ssize_t written = -1;
  if (error == 0) {
    keep(fd, path, (uint64_t)offset, length);
    written = moves ? REAL(writev)(fd, parts, count) : REAL(pwritev64)(fd, parts, count, offset);
    if (written < 0) error = errno;
  }
  if (written > 0 && is_synced) {
    // Durable is what this call has written, and nothing that was written before it.
    struct record record = {DURABLE, (uint64_t)offset, (uint64_t)written, 0, 0};
    wait_for_disk();
    error = failure("sync", path);
    if (error != 0) written = -1;
    else if (others) append(path, ".data", &record, sizeof record);
    else forget(path, ".data");
  }
  pthread_mutex_unlock(mutex);
  errno = error;
  return written;
}

ssize_t pwritev64(int fd, const struct iovec *parts, int count, off64_t offset) {
  return write_at(fd, parts, count, offset, 0);
}

ssize_t pwrite64(int fd, const void *data, size_t length, off64_t offset) {
  struct iovec part = {(void *)data, length};
  return write_at(fd, &part, 1, offset, 0);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  return write_at(fd, parts, count, lseek(fd, 0, SEEK_CUR), 1);
}

ssize_t write(int fd, const void *data, size_t length) {
  struct iovec part = {(void *)data, length};
  return write_at(fd, &part, 1, lseek(fd, 0, SEEK_CUR), 1);
}

int ftruncate64(int fd, off64_t size) {
  char path[PATH_MAX];
  struct stat file;
  if (!watched(fd, path) || fstat(fd, &file) != 0) return REAL(ftruncate64)(fd, size);
  pthread_mutex_t *mutex = lock(path);
  keep(fd, path, (uint64_t)size, file.st_size > size ? (uint64_t)(file.st_size - size) : 0);
  int result = REAL(ftruncate64)(fd, size);
  pthread_mutex_unlock(mutex);
  return result;
}

static int sync_with(int (*real_sync)(int), int fd) {
  char path[PATH_MAX];
  if (!watched(fd, path)) return real_sync(fd);
  pthread_mutex_t *mutex = lock(path);
  wait_for_disk();
  int error = failure("sync", path);
  if (error == 0 && real_sync(fd) != 0) error = errno;
  if (error == 0) {
    forget(path, ".data");
    forget(path, ".names");
  }
  pthread_mutex_unlock(mutex);
  errno = error;
  return error == 0 ? 0 : -1;
}

int fsync(int fd) { return sync_with(REAL(fsync), fd); }

int fdatasync(int fd) { return sync_with(REAL(fdatasync), fd); }

/* A name that is new: lost with the power until its folder is synced. */
static void created(const char *path, const char *line) {
  char folder[PATH_MAX];
  snprintf(folder, sizeof folder, "%s", path);
  char *slash = strrchr(folder, '/');
  if (slash == NULL) return;
  *slash = 0;
  if (!below(folder)) return;
  pthread_mutex_t *mutex = lock(folder);
  append(folder, ".names", line, strlen(line));
  pthread_mutex_unlock(mutex);
}

int open64(const char *file, int flags, ...) {
  va_list more;
  va_start(more, flags);
  mode_t mode = (flags & O_CREAT) != 0 ? va_arg(more, mode_t) : 0;
  va_end(more);
  int is_new = (flags & O_CREAT) != 0 && access(file, F_OK) != 0;
  char path[PATH_MAX], line[PATH_MAX + 16];
  int fd = REAL(open64)(file, flags & ~O_TRUNC, mode);
  if (fd < 0) return fd;
  if ((flags & O_TRUNC) != 0 && ftruncate64(fd, 0) != 0) return -1;
  if (is_new && watched(fd, path)) {
    snprintf(line, sizeof line, "created\t%s\n", path);
    created(path, line);
  }
  return fd;
}

int mkdir(const char *file, mode_t mode) {
  char path[PATH_MAX], line[PATH_MAX + 16];
  int result = REAL(mkdir)(file, mode);
  if (result == 0 && realpath(file, path) != NULL && below(path)) {
    snprintf(line, sizeof line, "created\t%s\n", path);
    created(path, line);
  }
  return result;
}

int rename(const char *from, const char *to) {
  char old_journal[PATH_MAX], new_journal[PATH_MAX], line[2 * PATH_MAX + 16];
  int result = REAL(rename)(from, to);
  if (result != 0 || !below(to)) return result;
  journal_name(old_journal, from, ".data");
  journal_name(new_journal, to, ".data");
  REAL(rename)(old_journal, new_journal);
  snprintf(line, sizeof line, "renamed\t%s\t%s\n", from, to);
  created(to, line);
  return 0;
}

int unlink(const char *file) {
  int result = REAL(unlink)(file);
  if (result == 0 && below(file)) forget(file, ".data");
  return result;
}
