// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
/* Preloaded before libc: the n-th of the calls that touch files ends the process (DISTURB_KILL=n), or fails
 * (DISTURB_FAIL=n) as a full disk does; with DISTURB_SHORT=1 every write takes one byte less than it was asked to,
 * while it can. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <unistd.h>

/* 1: this call shall fail. */
static int disturbed(void) {
  static long calls;
  const char *kill_at = getenv("DISTURB_KILL"), *fail_at = getenv("DISTURB_FAIL");
  ++calls;
  if (kill_at && calls == atol(kill_at))
    raise(SIGKILL);
  if (fail_at && calls == atol(fail_at)) {
    errno = ENOSPC;
    return 1;
  }
  return 0;
}

ssize_t write(int descriptor, const void *data, size_t count) {
  ssize_t (*next)(int, const void *, size_t) = (ssize_t (*)(int, const void *, size_t))dlsym(RTLD_NEXT, "write");
  if (disturbed())
    return -1;
  return next(descriptor, data, getenv("DISTURB_SHORT") && count > 1 ? count - 1 : count);
}
int fsync(int descriptor) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "fsync");
  return disturbed() ? -1 : next(descriptor);
}
int rename(const char *from, const char *to) {
  int (*next)(const char *, const char *) = (int (*)(const char *, const char *))dlsym(RTLD_NEXT, "rename");
  return disturbed() ? -1 : next(from, to);
}
int ftruncate(int descriptor, off_t size) {
  int (*next)(int, off_t) = (int (*)(int, off_t))dlsym(RTLD_NEXT, "ftruncate");
  return disturbed() ? -1 : next(descriptor, size);
}
int close(int descriptor) {
  int (*next)(int) = (int (*)(int))dlsym(RTLD_NEXT, "close");
  if (disturbed()) {
    next(descriptor);
    return -1;
  }
  return next(descriptor);
}
