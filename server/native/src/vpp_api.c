// What JavaScript does with a connection to VPP's API socket: open, send, ask what waits, close.
#include <errno.h>
#include <sys/socket.h>

#include "unix_socket.h"
#include "vpp_transport.h"

static const napi_type_tag transport_tag = {0x6d61676c65760001, 0x7670702d61706973};

enum { BYTES_MAX = 1 << 30 };

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_transport(data);
  drop_transport(data);
}

// The transport behind a handle; NULL with a TypeError for anything else.
static struct vpp_transport *read_transport(napi_env env, napi_value handle) {
  return read_handle(env, handle, &transport_tag, "handle must come from vppOpen");
}

// The handle, which holds the transport from here on; NULL with an exception.
static napi_value wrap_transport(napi_env env, struct vpp_transport *transport, const napi_value *callbacks) {
  napi_value handle, name;
  CHECK(env, napi_create_external(env, transport, on_handle_collected, NULL, &handle));
  transport->holders++;
  CHECK(env, napi_type_tag_object(env, handle, &transport_tag));
  CHECK(env, napi_create_reference(env, callbacks[0], 1, &transport->on_frames));
  CHECK(env, napi_create_reference(env, callbacks[1], 1, &transport->on_closed));
  CHECK(env, napi_create_string_utf8(env, "MaglevVpp", NAPI_AUTO_LENGTH, &name));
  CHECK(env, napi_async_init(env, NULL, name, &transport->context));
  return handle;
}

static napi_value open_transport(napi_env env, struct vpp_transport *transport, const napi_value *arguments) {
  struct failure failure;
  char path[PATH_MAX];
  int message_bytes, outgoing_bytes;

  if (!read_text(env, arguments[0], sizeof path, "bad path", path)) return NULL;
  const char *positive = "messageBytesMax and outgoingBytesMax must be positive";
  if (!read_int(env, arguments[1], 1, BYTES_MAX, positive, &message_bytes)) return NULL;
  if (!read_int(env, arguments[2], 1, BYTES_MAX, positive, &outgoing_bytes)) return NULL;
  if (!read_function(env, arguments[3], "onFrames must be a function")) return NULL;
  if (!read_function(env, arguments[4], "onClosed must be a function")) return NULL;
  transport->message_bytes_max = (size_t)message_bytes;
  transport->outgoing_bytes_max = (size_t)outgoing_bytes;
  transport->fd = connect_unix(path, SOCK_STREAM, &failure);
  if (transport->fd < 0) {
    throw_failure(env, failure);
    return NULL;
  }
  napi_value handle = wrap_transport(env, transport, arguments + 3);
  if (handle == NULL || start_transport(transport, &failure)) return handle;
  throw_failure(env, failure);
  return NULL;
}

// vppOpen(path, messageBytesMax, outgoingBytesMax, onFrames, onClosed)
napi_value vpp_open(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  if (!read_arguments(env, info, 5, arguments)) return NULL;
  struct vpp_transport *transport = create_transport(env);
  if (transport == NULL) {
    throw_failure(env, (struct failure){.syscall = "calloc", .error = ENOMEM});
    return NULL;
  }
  napi_value handle = open_transport(env, transport, arguments);
  if (handle == NULL) close_transport(transport);
  drop_transport(transport);
  return handle;
}

// One message; false with an exception. What JavaScript does while an element is fetched may close.
static bool append_element(napi_env env, struct vpp_transport *transport, napi_value messages,
                           uint32_t index) {
  napi_value element;
  struct bytes message;
  if (napi_get_element(env, messages, index, &element) != napi_ok) {
    throw_last(env, "napi_get_element");
    return false;
  }
  if (!read_bytes(env, element, "a message must be a Uint8Array that is not empty", &message)) return false;
  if (message.length == 0 || message.length > BYTES_MAX) {
    throw_argument(env, "a message must be a Uint8Array that is not empty");
    return false;
  }
  if (transport->open) (void)queue_message(transport, message);
  return true;
}

// vppSend(handle, messages): an array of Uint8Arrays, each one frame. Nothing on a closed transport.
napi_value vpp_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  bool is_array = false;
  uint32_t count = 0;

  if (!read_arguments(env, info, 2, arguments)) return NULL;
  struct vpp_transport *transport = read_transport(env, arguments[0]);
  if (transport == NULL) return NULL;
  if (napi_is_array(env, arguments[1], &is_array) != napi_ok || !is_array ||
      napi_get_array_length(env, arguments[1], &count) != napi_ok) {
    throw_argument(env, "messages must be an array");
    return NULL;
  }
  for (uint32_t i = 0; i < count; i++) {
    napi_handle_scope scope;
    CHECK(env, napi_open_handle_scope(env, &scope));
    bool appended = append_element(env, transport, arguments[1], i);
    CHECK(env, napi_close_handle_scope(env, scope));
    if (!appended) break;
  }
  if (transport->open) flush_transport(transport);
  return NULL;
}

// vppPending(handle): bytes that wait to be sent, headers included.
napi_value vpp_pending(napi_env env, napi_callback_info info) {
  napi_value handle, result;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct vpp_transport *transport = read_transport(env, handle);
  if (transport == NULL) return NULL;
  CHECK(env, napi_create_int64(env, (int64_t)queue_length(&transport->outgoing), &result));
  return result;
}

// vppClose(handle): idempotent; nothing is called back afterwards.
napi_value vpp_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct vpp_transport *transport = read_transport(env, handle);
  if (transport != NULL) close_transport(transport);
  return NULL;
}
