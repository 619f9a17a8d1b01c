// A raw ICMP port on the environment's own event loop: no thread, no queue of ours. What we have not fetched
// waits in the kernel's bounded buffer; what does not fit there is dropped and counted by the kernel.
#ifndef MAGLEV_ICMP_PORT_H
#define MAGLEV_ICMP_PORT_H

#include <uv.h>

#include "addon.h"
#include "icmp_socket.h"

// Held by JavaScript's handle, by libuv while it polls, and by whoever works on it: the last one frees it.
struct icmp_port {
  napi_env env;
  napi_ref on_batch; // called with a count of packets, or with a negative errno when the port has gone deaf
  napi_ref packets;  // Uint8Array: slots of equal size
  napi_ref lengths;  // Uint32Array: one per slot
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  // Of uv's own size and never looked into, so that only the functions of libuv 1 must stay as they are.
  uv_poll_t *poll;
  struct socket_request request;
  size_t slot_count;
  size_t slot_bytes;
  int receiver;
  int sender;
  int buffer_bytes;
  bool open;
  bool calling; // JavaScript runs on our call
  unsigned holders;
};

// Without descriptors yet, held by the caller; NULL when memory is short.
struct icmp_port *create_port(napi_env env);

// Calls on_batch from now on, until close_port or the environment's end.
bool start_port(struct icmp_port *port, struct failure *failure);

// At once for the sockets and for JavaScript; libuv gives its hold back a turn of the loop later.
void close_port(struct icmp_port *port);

void drop_holder(struct icmp_port *port);

#endif
