// The two raw sockets of an ICMP port: one hears, one speaks. Knows nothing of JavaScript.
#ifndef MAGLEV_ICMP_SOCKET_H
#define MAGLEV_ICMP_SOCKET_H

#include <stdint.h>

#include "socket.h"

// Gives the descriptor, or -1 with the failure filled in. The kernel may give less than buffer_bytes. Each
// packet comes with the time that the kernel got it (SCM_TIMESTAMPNS).
int open_icmp_receiver(const struct socket_request *request, uint16_t identifier, int buffer_bytes,
                       int *own_netns, struct failure *failure);

// A socket of its own, because it can be used up: a packet that waits for a neighbour's link address stays on
// its socket's account for seconds, and enough silent neighbours would leave no room for those that answer.
int open_icmp_sender(const struct socket_request *request, int buffer_bytes, int *own_netns,
                     struct failure *failure);

// Grows with packets that passed the filter and found no room (Linux 6.18 counts each twice); -1 if unknown.
int64_t icmp_dropped_count(int fd);

#endif
