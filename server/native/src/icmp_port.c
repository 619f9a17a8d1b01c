#include "icmp_port.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

struct icmp_port *create_port(napi_env env) {
  struct icmp_port *port = calloc(1, sizeof *port);
  if (port == NULL) return NULL;
  port->env = env;
  port->receiver = -1;
  port->sender = -1;
  port->open = true;
  port->holders = 1;
  return port;
}

void drop_holder(struct icmp_port *port) {
  if (--port->holders == 0) free(port);
}

static void delete_reference(napi_env env, napi_ref *reference) {
  if (*reference != NULL) CHECK_FATAL(napi_delete_reference(env, *reference));
  *reference = NULL;
}

static void destroy_context(struct icmp_port *port) {
  if (port->context != NULL) CHECK_FATAL(napi_async_destroy(port->env, port->context));
  port->context = NULL;
}

static void close_descriptor(int *fd) {
  if (*fd >= 0) close(*fd);
  *fd = -1;
}

static void on_poll_closed(uv_handle_t *handle) {
  struct icmp_port *port = uv_handle_get_data(handle);
  free(handle);
  if (port->cleanup != NULL) CHECK_FATAL(napi_remove_async_cleanup_hook(port->cleanup));
  drop_holder(port);
}

// What needs Node-API is given back here: the environment may be gone before libuv has finished.
void close_port(struct icmp_port *port) {
  if (!port->open) return;
  port->open = false;
  delete_reference(port->env, &port->on_batch);
  delete_reference(port->env, &port->packets);
  delete_reference(port->env, &port->lengths);
  if (!port->calling) destroy_context(port);
  if (port->poll != NULL) uv_close((uv_handle_t *)port->poll, on_poll_closed);
  // After uv_close, which takes the descriptor out of epoll.
  close_descriptor(&port->receiver);
  close_descriptor(&port->sender);
}

static void on_environment_exit(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_port(data); // nothing to do if that is under way already; on_poll_closed tells Node when it is over
}

// Count of packets fetched into the slots, or a negative errno.
static int receive_batch(struct icmp_port *port, uint8_t *packets, uint32_t *lengths) {
  struct mmsghdr messages[ICMP_BATCH_MAX] = {0};
  struct iovec slots[ICMP_BATCH_MAX];

  for (size_t i = 0; i < port->slot_count; i++) {
    slots[i] = (struct iovec){.iov_base = packets + i * port->slot_bytes, .iov_len = port->slot_bytes};
    messages[i].msg_hdr.msg_iov = &slots[i];
    messages[i].msg_hdr.msg_iovlen = 1;
  }
  int count = recvmmsg(port->receiver, messages, (unsigned)port->slot_count, MSG_DONTWAIT, NULL);
  if (count < 0) return errno == EAGAIN || errno == EINTR ? 0 : -errno;
  for (int i = 0; i < count; i++) {
    // A packet that does not fit is none of ours: it counts as empty.
    bool whole = (messages[i].msg_hdr.msg_flags & MSG_TRUNC) == 0;
    lengths[i] = whole ? messages[i].msg_len : 0;
  }
  return count;
}

// The memory behind a referenced typed array; NULL if JavaScript gave it away or made it smaller.
static void *typed_memory(napi_env env, napi_ref reference, size_t length_min) {
  napi_value value;
  size_t length = 0;
  void *data = NULL;
  CHECK_FATAL(napi_get_reference_value(env, reference, &value));
  CHECK_FATAL(napi_get_typedarray_info(env, value, NULL, &length, &data, NULL, NULL));
  return length >= length_min ? data : NULL;
}

static void call_on_batch(struct icmp_port *port, int count) {
  napi_env env = port->env;
  napi_value function, argument, global, error;
  bool pending = false;

  CHECK_FATAL(napi_get_reference_value(env, port->on_batch, &function));
  CHECK_FATAL(napi_create_int32(env, count, &argument));
  CHECK_FATAL(napi_get_global(env, &global));
  port->calling = true;
  napi_status status = napi_make_callback(env, port->context, global, function, 1, &argument, NULL);
  port->calling = false;
  if (!port->open) destroy_context(port); // closed by the call that used it
  if (status == napi_ok) return;
  // Not ok and nothing thrown: the environment is going down, and its cleanup hook will close the port.
  CHECK_FATAL(napi_is_exception_pending(env, &pending));
  if (!pending) return;
  CHECK_FATAL(napi_get_and_clear_last_exception(env, &error));
  // Refused only while going down: then nobody waits for the exception any more.
  (void)napi_fatal_exception(env, error);
}

static void on_readable(uv_poll_t *poll, int status, int events) {
  struct icmp_port *port = uv_handle_get_data((uv_handle_t *)poll);
  napi_env env = port->env;
  napi_handle_scope scope;
  int count = status;
  (void)events;

  CHECK_FATAL(napi_open_handle_scope(env, &scope));
  if (status >= 0) {
    uint8_t *packets = typed_memory(env, port->packets, port->slot_count * port->slot_bytes);
    uint32_t *lengths = typed_memory(env, port->lengths, port->slot_count);
    count = packets != NULL && lengths != NULL ? receive_batch(port, packets, lengths) : -EFAULT;
  }
  // Deaf: what follows is for JavaScript to decide. Without the stop the event would come again at once.
  if (count < 0) uv_poll_stop(poll);
  port->holders++;
  if (count != 0) call_on_batch(port, count);
  drop_holder(port);
  CHECK_FATAL(napi_close_handle_scope(env, scope));
}

bool start_port(struct icmp_port *port, struct failure *failure) {
  uv_loop_t *loop;
  CHECK_FATAL(napi_get_uv_event_loop(port->env, &loop));
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  int error = poll == NULL ? UV_ENOMEM : uv_poll_init(loop, poll, port->receiver);
  *failure = (struct failure){.syscall = "uv_poll_init", .error = -error};
  if (error != 0) {
    free(poll);
    return false;
  }
  uv_handle_set_data((uv_handle_t *)poll, port);
  port->poll = poll;
  port->holders++;
  CHECK_FATAL(napi_add_async_cleanup_hook(port->env, on_environment_exit, port, &port->cleanup));
  error = uv_poll_start(poll, UV_READABLE, on_readable);
  *failure = (struct failure){.syscall = "uv_poll_start", .error = -error};
  return error == 0;
}
