// The calling thread's way into a network namespace and back. Knows nothing of JavaScript.
#ifndef MAGLEV_NETNS_H
#define MAGLEV_NETNS_H

#include <stdbool.h>

// What the operating system refused: the call, as JavaScript will see it, and errno.
struct failure {
  const char *syscall;
  int error;
};

// Moves the calling thread. *own is its own namespace, opened with the first use (-1 before) and kept.
bool enter_netns(const char *path, int *own, struct failure *failure);

// Moves it back, or ends the process: no thread may go on in the wrong namespace.
void leave_netns(int own);

#endif
