// What JavaScript does with a raw ICMP port: open, send, renew the sender, ask for drops, close.
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp_port.h"

static const napi_type_tag port_tag = {0x6d61676c65760001, 0x69636d702d706f72};

enum { BUFFER_BYTES_MAX = 1 << 30 };

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_port(data);
  drop_holder(data);
}

// The port behind a handle; NULL with a TypeError for anything else.
static struct icmp_port *read_port(napi_env env, napi_value handle) {
  return read_handle(env, handle, &port_tag, "handle must come from icmpOpen");
}

// The handle, which holds the port from here on; NULL with an exception.
static napi_value wrap_port(napi_env env, struct icmp_port *port, const napi_value *given) {
  napi_value handle, name;
  CHECK(env, napi_create_external(env, port, on_handle_collected, NULL, &handle));
  port->holders++;
  CHECK(env, napi_type_tag_object(env, handle, &port_tag));
  CHECK(env, napi_create_reference(env, given[0], 1, &port->packets));
  CHECK(env, napi_create_reference(env, given[1], 1, &port->lengths));
  CHECK(env, napi_create_reference(env, given[2], 1, &port->on_batch));
  CHECK(env, napi_create_string_utf8(env, "MaglevIcmp", NAPI_AUTO_LENGTH, &name));
  CHECK(env, napi_async_init(env, NULL, name, &port->context));
  return handle;
}

// Whether the slots are whole and the callback can be called; notes the slots' count and size.
static bool read_buffers(napi_env env, const napi_value *given, struct icmp_port *port) {
  struct bytes packets;
  napi_typedarray_type type = napi_uint8_array;
  napi_valuetype callback = napi_undefined;
  size_t *count = &port->slot_count;

  if (!read_bytes(env, given[0], "packets must be a Uint8Array", &packets)) return false;
  if (napi_get_typedarray_info(env, given[1], &type, count, NULL, NULL, NULL) != napi_ok ||
      type != napi_uint32_array || *count == 0 || *count > ICMP_BATCH_MAX || packets.length < *count) {
    throw_argument(env, "lengths must be a Uint32Array with one element per slot");
    return false;
  }
  port->slot_bytes = packets.length / *count;
  if (napi_typeof(env, given[2], &callback) == napi_ok && callback == napi_function) return true;
  throw_argument(env, "onBatch must be a function");
  return false;
}

static bool open_sockets(struct icmp_port *port, uint16_t identifier, struct failure *failure) {
  int *own = own_netns(port->env);
  port->receiver = open_icmp_receiver(&port->request, identifier, port->buffer_bytes, own, failure);
  if (port->receiver < 0) return false;
  port->sender = open_icmp_sender(&port->request, port->buffer_bytes, own, failure);
  return port->sender >= 0;
}

static napi_value open_port(napi_env env, struct icmp_port *port, const napi_value *arguments) {
  struct failure failure;
  int identifier;

  if (!read_socket_request(env, arguments, &port->request)) return NULL;
  if (!read_int(env, arguments[5], 0, UINT16_MAX, "identifier must be 0..65535", &identifier)) return NULL;
  int *bytes = &port->buffer_bytes;
  if (!read_int(env, arguments[6], 1, BUFFER_BYTES_MAX, "bufferBytes must be positive", bytes)) return NULL;
  if (!read_buffers(env, arguments + 7, port)) return NULL;
  if (!open_sockets(port, (uint16_t)identifier, &failure)) {
    throw_failure(env, failure);
    return NULL;
  }
  napi_value handle = wrap_port(env, port, arguments + 7);
  if (handle == NULL || start_port(port, &failure)) return handle;
  throw_failure(env, failure);
  return NULL;
}

// icmpOpen(family, type, protocol, netnsPath, source, identifier, bufferBytes, packets, lengths, onBatch)
napi_value icmp_open(napi_env env, napi_callback_info info) {
  napi_value arguments[10];
  if (!read_arguments(env, info, 10, arguments)) return NULL;
  struct icmp_port *port = create_port(env);
  if (port == NULL) {
    throw_failure(env, (struct failure){.syscall = "calloc", .error = ENOMEM});
    return NULL;
  }
  napi_value handle = open_port(env, port, arguments);
  if (handle == NULL) close_port(port);
  drop_holder(port);
  return handle;
}

// icmpRenewSender(handle): a fresh socket to send from. If none can be had this throws and the old one stays.
napi_value icmp_renew_sender(napi_env env, napi_callback_info info) {
  napi_value handle;
  struct failure failure;

  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct icmp_port *port = read_port(env, handle);
  if (port == NULL || !port->open) return NULL;
  int sender = open_icmp_sender(&port->request, port->buffer_bytes, own_netns(env), &failure);
  if (sender < 0) {
    throw_failure(env, failure);
    return NULL;
  }
  close(port->sender);
  port->sender = sender;
  return NULL;
}

static int send_message(const struct icmp_port *port, const struct address *address, struct bytes message) {
  if (!port->open) return EBADF;
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  ssize_t sent = sendto(port->sender, message.data, message.length, flags, &address->any, address->length);
  return sent < 0 ? errno : 0;
}

// icmpSend(handle, address, message): 0 or errno. What the world refuses is a value here.
napi_value icmp_send(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  char text[INET6_ADDRSTRLEN];
  struct address address;
  struct bytes message;

  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct icmp_port *port = read_port(env, arguments[0]);
  if (port == NULL) return NULL;
  if (!read_text(env, arguments[1], sizeof text, "bad address", text)) return NULL;
  if (!read_bytes(env, arguments[2], "message must be a Uint8Array", &message)) return NULL;
  if (!parse_address(port->request.family, text, &address)) {
    throw_argument(env, "address is none of the port's family");
    return NULL;
  }
  CHECK(env, napi_create_int32(env, send_message(port, &address, message), &result));
  return result;
}

// icmpDropped(handle): replies that the kernel had no room for since the port was opened; -1 once it is
// closed.
napi_value icmp_dropped(napi_env env, napi_callback_info info) {
  napi_value handle, result;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct icmp_port *port = read_port(env, handle);
  if (port == NULL) return NULL;
  CHECK(env, napi_create_int64(env, icmp_dropped_count(port->receiver), &result));
  return result;
}

// icmpClose(handle): idempotent.
napi_value icmp_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct icmp_port *port = read_port(env, handle);
  if (port != NULL) close_port(port);
  return NULL;
}
