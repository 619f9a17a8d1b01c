#include "vpp_transport.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "vpp_frame.h"

enum {
  READ_BYTES = 64 * 1024,         // room for one read
  READ_TURN_BYTES = 1024 * 1024,  // of one wake-up: the loop has others to serve
  KEPT_BYTES = 256 * 1024,        // of an empty queue
};

// Why a transport is over.
struct ending {
  bool over;
  int error; // 0 = VPP closed it between two frames
  char text[160];
};

struct vpp_transport *create_transport(napi_env env) {
  struct vpp_transport *transport = calloc(1, sizeof *transport);
  if (transport == NULL) return NULL;
  transport->env = env;
  transport->fd = -1;
  transport->open = true;
  transport->holders = 1;
  return transport;
}

void drop_transport(struct vpp_transport *transport) {
  if (--transport->holders == 0) free(transport);
}

static void delete_reference(napi_env env, napi_ref *reference) {
  if (*reference != NULL) CHECK_FATAL(napi_delete_reference(env, *reference));
  *reference = NULL;
}

static void destroy_context(struct vpp_transport *transport) {
  if (transport->context != NULL) CHECK_FATAL(napi_async_destroy(transport->env, transport->context));
  transport->context = NULL;
}

static void on_poll_closed(uv_handle_t *handle) {
  struct vpp_transport *transport = uv_handle_get_data(handle);
  free(handle);
  if (transport->cleanup != NULL) CHECK_FATAL(napi_remove_async_cleanup_hook(transport->cleanup));
  drop_transport(transport);
}

// What needs Node-API is given back here: the environment may be gone before libuv has finished.
void close_transport(struct vpp_transport *transport) {
  if (!transport->open) return;
  transport->open = false;
  delete_reference(transport->env, &transport->on_frames);
  delete_reference(transport->env, &transport->on_closed);
  if (!transport->calling) destroy_context(transport);
  if (transport->poll != NULL) uv_close((uv_handle_t *)transport->poll, on_poll_closed);
  // After uv_close, which takes the descriptor out of epoll.
  if (transport->fd >= 0) close(transport->fd);
  transport->fd = -1;
  queue_free(&transport->incoming);
  queue_free(&transport->outgoing);
}

static void on_environment_exit(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_transport(data); // nothing to do if that is under way; on_poll_closed tells Node when it is over
}

// Every read and every write is over after this, and the loop is woken to say so.
static void fail_write(struct vpp_transport *transport, int error) {
  if (transport->write_error == 0) transport->write_error = error;
  shutdown(transport->fd, SHUT_RDWR);
}

bool queue_message(struct vpp_transport *transport, struct bytes message) {
  size_t frame_bytes = VPP_HEADER_BYTES + message.length;
  if (transport->write_error != 0) return false;
  if (queue_length(&transport->outgoing) + frame_bytes > transport->outgoing_bytes_max) {
    fail_write(transport, ENOBUFS);
    return false;
  }
  uint8_t *room = queue_reserve(&transport->outgoing, frame_bytes);
  if (room == NULL) {
    fail_write(transport, ENOMEM);
    return false;
  }
  write_vpp_header((uint32_t)message.length, room);
  memcpy(room + VPP_HEADER_BYTES, message.data, message.length);
  transport->outgoing.end += frame_bytes;
  return true;
}

static void write_once(struct vpp_transport *transport) {
  struct byte_queue *outgoing = &transport->outgoing;
  if (transport->write_error != 0 || queue_length(outgoing) == 0) return;
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  ssize_t sent = send(transport->fd, queue_front(outgoing), queue_length(outgoing), flags);
  if (sent >= 0) queue_take(outgoing, (size_t)sent, KEPT_BYTES);
  if (sent < 0 && errno != EAGAIN && errno != EINTR) fail_write(transport, errno);
}

static void on_event(uv_poll_t *poll, int status, int events);

static int update_polling(struct vpp_transport *transport) {
  bool waits = transport->write_error == 0 && queue_length(&transport->outgoing) > 0;
  int wanted = UV_READABLE | (waits ? UV_WRITABLE : 0);
  if (wanted == transport->polled) return 0;
  transport->polled = wanted;
  return uv_poll_start(transport->poll, wanted, on_event);
}

void flush_transport(struct vpp_transport *transport) {
  write_once(transport);
  int error = update_polling(transport);
  if (error != 0) fail_write(transport, -error); // the polling that there is goes on
}

static struct ending describe_ending(int error, const char *what) {
  struct ending ending = {.over = true, .error = error};
  char reason[96];
  uv_strerror_r(-error, reason, sizeof reason);
  snprintf(ending.text, sizeof ending.text, "%s: %s", what, reason);
  return ending;
}

static struct ending read_turn(struct vpp_transport *transport) {
  struct byte_queue *incoming = &transport->incoming;
  for (size_t total = 0; total < READ_TURN_BYTES;) {
    uint8_t *room = queue_reserve(incoming, READ_BYTES);
    if (room == NULL) return describe_ending(ENOMEM, "read");
    ssize_t length = recv(transport->fd, room, READ_BYTES, MSG_DONTWAIT);
    if (length == 0) return (struct ending){.over = true, .text = "closed by VPP"};
    if (length < 0 && errno == EINTR) continue;
    if (length < 0 && errno == EAGAIN) break;
    if (length < 0) return describe_ending(errno, "read");
    incoming->end += (size_t)length;
    total += (size_t)length;
  }
  return (struct ending){0};
}

// Calls JavaScript. False when the environment is going down, and nothing more can be called.
static bool call(struct vpp_transport *transport, napi_value function, size_t count, napi_value *arguments) {
  napi_env env = transport->env;
  napi_value global, error;
  bool pending = false;

  CHECK_FATAL(napi_get_global(env, &global));
  transport->calling = true;
  napi_status status = napi_make_callback(env, transport->context, global, function, count, arguments, NULL);
  transport->calling = false;
  if (!transport->open) destroy_context(transport); // closed by the call that used it
  if (status == napi_ok) return true;
  CHECK_FATAL(napi_is_exception_pending(env, &pending));
  if (!pending) return false;
  CHECK_FATAL(napi_get_and_clear_last_exception(env, &error));
  // Refused only while going down: then nobody waits for the exception any more.
  return napi_fatal_exception(env, error) == napi_ok;
}

// The whole frames as a fresh Uint8Array; NULL when the environment is going down.
static napi_value copy_frames(struct vpp_transport *transport, size_t length) {
  napi_env env = transport->env;
  napi_value memory, frames;
  void *data = NULL;
  if (napi_create_arraybuffer(env, length, &data, &memory) != napi_ok) return NULL;
  memcpy(data, queue_front(&transport->incoming), length);
  return napi_create_typedarray(env, napi_uint8_array, length, memory, 0, &frames) == napi_ok ? frames : NULL;
}

// Hands over what is whole, and judges what is left. The transport may be closed afterwards.
static bool deliver(struct vpp_transport *transport, struct ending *ending) {
  struct byte_queue *incoming = &transport->incoming;
  size_t length = queue_length(incoming);
  if (length == 0) return true;
  struct vpp_frames found = find_vpp_frames(queue_front(incoming), length, transport->message_bytes_max);
  if (found.malformed) {
    *ending = (struct ending){.over = true, .error = EPROTO};
    const char *format = "malformed frame: a message of %u bytes";
    snprintf(ending->text, sizeof ending->text, format, found.bad_length);
  } else if (ending->over && ending->error == 0 && found.whole_bytes < length) {
    *ending = (struct ending){.over = true, .error = ECONNRESET};
    snprintf(ending->text, sizeof ending->text, "closed by VPP in the middle of a frame");
  }
  if (found.whole_bytes == 0) return true;
  napi_value function, frames = copy_frames(transport, found.whole_bytes);
  if (frames == NULL) return false;
  queue_take(incoming, found.whole_bytes, KEPT_BYTES);
  CHECK_FATAL(napi_get_reference_value(transport->env, transport->on_frames, &function));
  return call(transport, function, 1, &frames);
}

static void report_closed(struct vpp_transport *transport, const struct ending *ending) {
  napi_env env = transport->env;
  napi_value function, arguments[2];
  CHECK_FATAL(napi_get_reference_value(env, transport->on_closed, &function));
  CHECK_FATAL(napi_create_int32(env, ending->error, &arguments[0]));
  CHECK_FATAL(napi_create_string_utf8(env, ending->text, NAPI_AUTO_LENGTH, &arguments[1]));
  transport->calling = true; // keeps the context for the call
  close_transport(transport);
  transport->calling = false;
  (void)call(transport, function, 2, arguments);
}

static struct ending describe_write_error(const struct vpp_transport *transport) {
  if (transport->write_error != ENOBUFS) return describe_ending(transport->write_error, "write");
  struct ending ending = {.over = true, .error = ENOBUFS};
  size_t waiting = queue_length(&transport->outgoing);
  snprintf(ending.text, sizeof ending.text, "VPP does not read: %zu bytes wait to be sent to it", waiting);
  return ending;
}

// False when the environment is going down: its cleanup hook will close the transport.
static bool work(struct vpp_transport *transport) {
  struct ending ending = {0};
  write_once(transport);
  if (transport->write_error != 0) {
    ending = describe_write_error(transport);
  } else {
    ending = read_turn(transport);
    if (!deliver(transport, &ending)) return false;
  }
  if (!transport->open) return true;
  if (ending.over) {
    report_closed(transport, &ending);
  } else {
    flush_transport(transport);
  }
  return true;
}

static void on_event(uv_poll_t *poll, int status, int events) {
  struct vpp_transport *transport = uv_handle_get_data((uv_handle_t *)poll);
  napi_env env = transport->env;
  napi_handle_scope scope;
  (void)events;

  // libuv says only that the socket has an error, and stops polling: reading it gives first the bytes that
  // came before, then what the error is.
  if (status < 0) transport->polled = 0;
  CHECK_FATAL(napi_open_handle_scope(env, &scope));
  transport->holders++;
  if (!work(transport) && transport->open) uv_poll_stop(poll);
  drop_transport(transport);
  CHECK_FATAL(napi_close_handle_scope(env, scope));
}

bool start_transport(struct vpp_transport *transport, struct failure *failure) {
  uv_loop_t *loop;
  CHECK_FATAL(napi_get_uv_event_loop(transport->env, &loop));
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  int error = poll == NULL ? UV_ENOMEM : uv_poll_init(loop, poll, transport->fd);
  *failure = (struct failure){.syscall = "uv_poll_init", .error = -error};
  if (error != 0) {
    free(poll);
    return false;
  }
  uv_handle_set_data((uv_handle_t *)poll, transport);
  transport->poll = poll;
  transport->holders++;
  napi_async_cleanup_hook_handle *cleanup = &transport->cleanup;
  CHECK_FATAL(napi_add_async_cleanup_hook(transport->env, on_environment_exit, transport, cleanup));
  error = update_polling(transport);
  *failure = (struct failure){.syscall = "uv_poll_start", .error = -error};
  return error == 0;
}
