#include "netns.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static bool refuse(struct failure *failure, const char *syscall) {
  *failure = (struct failure){.syscall = syscall, .error = errno};
  return false;
}

bool enter_netns(const char *path, int *own, struct failure *failure) {
  // Opened before the move: the way back must not depend on a descriptor that is still to be had.
  if (*own < 0) *own = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
  if (*own < 0) return refuse(failure, "open");
  // Opened anew each time: the name may stand for another namespace by now.
  int target = open(path, O_RDONLY | O_CLOEXEC);
  if (target < 0) return refuse(failure, "open");
  bool entered = setns(target, CLONE_NEWNET) == 0 || refuse(failure, "setns");
  close(target);
  return entered;
}

void leave_netns(int own) {
  if (setns(own, CLONE_NEWNET) == 0) return;
  fprintf(stderr, "maglev: cannot return to the own network namespace: %s\n", strerror(errno));
  abort();
}
