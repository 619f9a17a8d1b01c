// Opens one socket: in a namespace, non-blocking, bound to a source address. Knows nothing of JavaScript.
#ifndef MAGLEV_SOCKET_H
#define MAGLEV_SOCKET_H

#include <limits.h>

#include "address.h"
#include "netns.h"

struct socket_request {
  int family;
  int type;
  int protocol;
  bool in_netns;
  bool has_source;
  char netns_path[PATH_MAX];
  struct address source;
};

// The descriptor, not bound yet; -1 with the failure filled in. *own_netns as in enter_netns.
int create_socket(const struct socket_request *request, int *own_netns, struct failure *failure);

// Binds to the request's source, if it has one. On failure the descriptor is closed; gives it or -1.
int bind_source(int fd, const struct socket_request *request, struct failure *failure);

// Closes the descriptor and notes errno as it was; gives -1.
int abandon_socket(int fd, const char *syscall, struct failure *failure);

#endif
