// Sockets with a path for a name. Knows nothing of JavaScript, nor of what is sent.
#ifndef MAGLEV_UNIX_SOCKET_H
#define MAGLEV_UNIX_SOCKET_H

#include "socket.h"

// SOCK_STREAM or SOCK_SEQPACKET, non-blocking, close-on-exec, connected; -1 with the failure filled in. A
// path that is too long for a socket is one too.
int connect_unix(const char *path, int type, struct failure *failure);

// The same, bound and listening. A file that nobody listens on any more (what a crash leaves) is replaced.
int listen_unix(const char *path, int type, struct failure *failure);

#endif
