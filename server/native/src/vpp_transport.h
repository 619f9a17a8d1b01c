// A connection to VPP's API socket on the environment's own event loop: no thread. Moves frames; knows
// nothing of messages, time-outs or connecting again.
#ifndef MAGLEV_VPP_TRANSPORT_H
#define MAGLEV_VPP_TRANSPORT_H

#include <uv.h>

#include "addon.h"
#include "byte_queue.h"

// Held by JavaScript's handle, by libuv while it polls, and by whoever works on it: the last one frees it.
struct vpp_transport {
  napi_env env;
  napi_ref on_frames; // called with a Uint8Array of whole frames
  napi_ref on_closed; // called once, with an errno and a text, unless JavaScript closed first
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_poll_t *poll; // of uv's own size and never looked into
  struct byte_queue incoming;
  struct byte_queue outgoing;
  size_t message_bytes_max;
  size_t outgoing_bytes_max;
  int fd;
  int polled;      // the events that libuv looks for
  int write_error; // errno; reported from the loop, never from within a call of JavaScript's
  bool open;
  bool calling; // JavaScript runs on our call
  unsigned holders;
};

// Without a descriptor yet, held by the caller; NULL when memory is short.
struct vpp_transport *create_transport(napi_env env);

// Calls back from now on, until close_transport or the environment's end.
bool start_transport(struct vpp_transport *transport, struct failure *failure);

// Appends one frame to what waits; false when that is too much: the transport then ends by itself.
bool queue_message(struct vpp_transport *transport, struct bytes message);

// One write of what waits; the rest goes when the socket takes it.
void flush_transport(struct vpp_transport *transport);

// At once for the socket and for JavaScript; libuv gives its hold back a turn of the loop later.
void close_transport(struct vpp_transport *transport);

void drop_transport(struct vpp_transport *transport);

#endif
