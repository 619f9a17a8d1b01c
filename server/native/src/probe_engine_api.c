// What JavaScript does with a probe engine: open, start, take reports, settle, end, resume, close.
#include <errno.h>
#include <string.h>

#include "probe_engine_port.h"

static const napi_type_tag engine_tag = {0x6d61676c65760001, 0x70726f62652d656e};

enum {
  SLOTS_MAX = 1 << 20,
  MEMORY_BYTES_MAX = 1 << 30,
  TIME_MS_MAX = 1000,
  REQUEST_BYTES_MAX = 1 << 24,
};

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_probe_port(data);
  drop_probe_port(data);
}

// The engine behind a handle; NULL with an exception for anything else, and for a closed one.
static struct probe_port *read_open_port(napi_env env, napi_value handle) {
  struct probe_port *port = read_handle(env, handle, &engine_tag, "handle must come from engineOpen");
  if (port == NULL || port->open) return port;
  throw_argument(env, "the engine is closed");
  return NULL;
}

// The handle, which holds the port from here on; NULL with an exception.
static napi_value wrap_port(napi_env env, struct probe_port *port, const napi_value *given) {
  napi_value handle, name;
  CHECK(env, napi_create_external(env, port, on_handle_collected, NULL, &handle));
  port->holders++;
  CHECK(env, napi_type_tag_object(env, handle, &engine_tag));
  CHECK(env, napi_create_reference(env, given[0], 1, &port->words));
  CHECK(env, napi_create_reference(env, given[1], 1, &port->times));
  CHECK(env, napi_create_reference(env, given[2], 1, &port->bytes));
  CHECK(env, napi_create_reference(env, given[3], 1, &port->on_ready));
  CHECK(env, napi_create_string_utf8(env, "MaglevProbes", NAPI_AUTO_LENGTH, &name));
  CHECK(env, napi_async_init(env, NULL, name, &port->context));
  return handle;
}

static bool read_typed(napi_env env, napi_value value, napi_typedarray_type wanted, size_t *length) {
  bool is_typed = false;
  napi_typedarray_type type;
  return napi_is_typedarray(env, value, &is_typed) == napi_ok && is_typed &&
         napi_get_typedarray_info(env, value, &type, length, NULL, NULL, NULL) == napi_ok && type == wanted;
}

static bool read_buffers(napi_env env, const napi_value *given, struct probe_port *port) {
  size_t words = 0, times = 0;
  bool typed = read_typed(env, given[0], napi_int32_array, &words) &&
               read_typed(env, given[1], napi_float64_array, &times);
  size_t count = times / PROBE_REPORT_TIMES;
  bool fit = typed && count > 0 && count <= SLOTS_MAX && times == count * PROBE_REPORT_TIMES &&
             words == count * PROBE_REPORT_WORDS;
  if (!fit) {
    throw_argument(env, "words must be an Int32Array and times a Float64Array for as many reports");
    return false;
  }
  port->report_count = count;
  bool roomy = read_typed(env, given[2], napi_uint8_array, &port->byte_count);
  if (!roomy || port->byte_count < PROBE_CHUNK_BYTES) {
    throw_argument(env, "bytes must be a Uint8Array with room for a chunk");
    return false;
  }
  return read_function(env, given[3], "onReady must be a function");
}

static bool read_limits(napi_env env, const napi_value *given, struct probe_limits *limits) {
  int slots, received, started, delay_ms, tick_ms, noise_ms, buffer, waiting;
  if (!read_int(env, given[0], 1, SLOTS_MAX, "slotCount must be 1..1048576", &slots)) return false;
  const char *message = "receivedBytesMax must have room for a chunk";
  if (!read_int(env, given[1], PROBE_CHUNK_BYTES, MEMORY_BYTES_MAX, message, &received)) return false;
  message = "startedBytesMax must be positive";
  if (!read_int(env, given[2], 1, MEMORY_BYTES_MAX, message, &started)) return false;
  message = "wakeDelayMs must be 0..1000";
  if (!read_int(env, given[3], 0, TIME_MS_MAX, message, &delay_ms)) return false;
  if (!read_int(env, given[4], 1, TIME_MS_MAX, "tickMs must be 1..1000", &tick_ms)) return false;
  if (!read_int(env, given[5], 0, TIME_MS_MAX, "noiseMs must be 0..1000", &noise_ms)) return false;
  message = "icmpBufferBytes must be positive";
  if (!read_int(env, given[6], 1, MEMORY_BYTES_MAX, message, &buffer)) return false;
  message = "icmpWaitingBytes must have room for a message";
  if (!read_int(env, given[7], 2 * ICMP_MESSAGE_BYTES, MEMORY_BYTES_MAX, message, &waiting)) return false;
  *limits = (struct probe_limits){.slots = (uint32_t)slots,
                                  .received_bytes = (size_t)received,
                                  .started_bytes = (size_t)started,
                                  .wake_delay_ms = (uint32_t)delay_ms,
                                  .tick_ms = (uint32_t)tick_ms,
                                  .noise_ms = (uint32_t)noise_ms,
                                  .icmp_buffer_bytes = buffer,
                                  .icmp_waiting_bytes = (size_t)waiting};
  return true;
}

static bool is_undefined(napi_env env, napi_value value) {
  napi_valuetype type = napi_null;
  return napi_typeof(env, value, &type) == napi_ok && type == napi_undefined;
}

static napi_value open_port(napi_env env, struct probe_port *port, const napi_value *arguments) {
  struct probe_engine *engine = &port->engine;
  struct failure failure;
  size_t size = sizeof engine->netns_path;
  char *path = engine->netns_path;

  engine->in_netns = !is_undefined(env, arguments[0]);
  if (engine->in_netns && !read_text(env, arguments[0], size, "bad netns path", path)) return NULL;
  if (!read_limits(env, arguments + 1, &engine->limits)) return NULL;
  if (!read_buffers(env, arguments + 9, port)) return NULL;
  napi_value handle = wrap_port(env, port, arguments + 9);
  if (handle == NULL || start_probe_port(port, &failure)) return handle;
  throw_failure(env, failure);
  return NULL;
}

// engineOpen(netnsPath, slotCount, receivedBytesMax, startedBytesMax, wakeDelayMs, tickMs, noiseMs,
// icmpBufferBytes, icmpWaitingBytes, words, times, bytes, onReady)
napi_value engine_open(napi_env env, napi_callback_info info) {
  napi_value arguments[13];
  if (!read_arguments(env, info, 13, arguments)) return NULL;
  struct probe_port *port = create_probe_port(env);
  if (port == NULL) {
    throw_failure(env, (struct failure){.syscall = "calloc", .error = ENOMEM});
    return NULL;
  }
  napi_value handle = open_port(env, port, arguments);
  if (handle == NULL) close_probe_port(port);
  drop_probe_port(port);
  return handle;
}

static bool read_address(napi_env env, int family, napi_value value, int port, union probe_address *out) {
  char text[INET6_ADDRSTRLEN];
  struct address address;
  if (!read_text(env, value, sizeof text, "bad address", text)) return false;
  if (!parse_address(family, text, &address)) {
    throw_argument(env, "address is none of that family");
    return false;
  }
  memcpy(out, &address.v6, sizeof *out);
  // At the same place for both families.
  out->v4.sin_port = htons((uint16_t)port);
  return true;
}

static napi_value copy_start(napi_env env, const struct probe_start *start, struct bytes request) {
  napi_value memory, result;
  void *data = NULL;
  size_t length = (sizeof *start + request.length + 7) / 8 * 8;
  CHECK(env, napi_create_arraybuffer(env, length, &data, &memory));
  memset(data, 0, length);
  memcpy(data, start, sizeof *start);
  if (request.length > 0) memcpy((uint8_t *)data + sizeof *start, request.data, request.length);
  CHECK(env, napi_create_typedarray(env, napi_uint8_array, length, memory, 0, &result));
  return result;
}

// engineRecord(family, address, port, source, request): a start as engineStart takes it, save its slot and
// generation, which are its first two 32-bit words in host order. Source and request may be undefined.
napi_value engine_record(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  struct probe_start start = {0};
  struct bytes request = {0};
  int family, port;

  if (!read_arguments(env, info, 5, arguments)) return NULL;
  if (!read_int(env, arguments[0], 0, AF_MAX, "family must be an AF_ constant", &family)) return NULL;
  if (!read_int(env, arguments[2], 1, UINT16_MAX, "port must be 1..65535", &port)) return NULL;
  if (!read_address(env, family, arguments[1], port, &start.target)) return NULL;
  start.has_source = !is_undefined(env, arguments[3]);
  if (start.has_source && !read_address(env, family, arguments[3], 0, &start.source)) return NULL;
  bool has_request = !is_undefined(env, arguments[4]);
  if (has_request && !read_bytes(env, arguments[4], "request must be a Uint8Array", &request)) return NULL;
  if (request.length > REQUEST_BYTES_MAX) {
    throw_argument(env, "request is too long");
    return NULL;
  }
  start.request_bytes = (uint32_t)request.length;
  return copy_start(env, &start, request);
}

// engineEchoRecord(family, address, source, identifier, message): the same for an ICMP echo, sent as it is.
// Its message lies behind the first PROBE_START_BYTES. Source may be undefined.
napi_value engine_echo_record(napi_env env, napi_callback_info info) {
  napi_value arguments[5];
  struct probe_start start = {0};
  struct bytes message;
  int family, identifier;

  if (!read_arguments(env, info, 5, arguments)) return NULL;
  if (!read_int(env, arguments[0], 0, AF_MAX, "family must be an AF_ constant", &family)) return NULL;
  if (!read_address(env, family, arguments[1], 0, &start.target)) return NULL;
  start.has_source = !is_undefined(env, arguments[2]);
  if (start.has_source && !read_address(env, family, arguments[2], 0, &start.source)) return NULL;
  if (!read_int(env, arguments[3], 0, UINT16_MAX, "identifier must be 0..65535", &identifier)) return NULL;
  if (!read_bytes(env, arguments[4], "message must be a Uint8Array", &message)) return NULL;
  if (message.length > UINT16_MAX) {
    throw_argument(env, "message is too long");
    return NULL;
  }
  start.protocol = family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6;
  start.identifier = (uint16_t)identifier;
  start.request_bytes = (uint32_t)message.length;
  return copy_start(env, &start, message);
}

// engineStart(handle, records, length): false when there is no room for them.
napi_value engine_start(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  struct bytes records;
  size_t length;

  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct probe_port *port = read_open_port(env, arguments[0]);
  if (port == NULL) return NULL;
  if (!read_bytes(env, arguments[1], "records must be a Uint8Array", &records)) return NULL;
  if (!read_size(env, arguments[2], records.length, "length must be within records", &length)) return NULL;
  if (!are_starts(&port->engine, records.data, length)) {
    throw_argument(env, "records must be whole, as engineRecord makes them, for slots that there are");
    return NULL;
  }
  CHECK(env, napi_get_boolean(env, add_starts(&port->engine, records.data, length), &result));
  return result;
}

// engineTake(handle): count of reports put into words, times and bytes; to be called until it gives 0.
napi_value engine_take(napi_env env, napi_callback_info info) {
  napi_value handle, result;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct probe_port *port = read_open_port(env, handle);
  if (port == NULL) return NULL;
  int count = take_reports(port);
  if (count < 0) {
    throw_argument(env, "the engine's arrays were given away");
    return NULL;
  }
  CHECK(env, napi_create_int32(env, count, &result));
  return result;
}

// The engine, slot and generation that three arguments name; NULL with an exception.
static struct probe_port *read_run(napi_env env, napi_callback_info info, uint32_t *slot,
                                   uint32_t *generation) {
  napi_value arguments[3];
  int number, run;
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct probe_port *port = read_open_port(env, arguments[0]);
  if (port == NULL) return NULL;
  int slot_max = (int)port->engine.limits.slots - 1;
  if (!read_int(env, arguments[1], 0, slot_max, "slot must be one of the engine's", &number)) return NULL;
  if (!read_int(env, arguments[2], INT_MIN, INT_MAX, "generation must have 32 bits", &run)) return NULL;
  *slot = (uint32_t)number;
  *generation = (uint32_t)run;
  return port;
}

// engineSettle(handle, slot, generation): -1 not begun, 0 over, 1 connecting, 2 connected. What lies in the
// socket can be taken afterwards. Only before engineEnd.
napi_value engine_settle(napi_env env, napi_callback_info info) {
  napi_value result;
  uint32_t slot, generation;
  struct probe_port *port = read_run(env, info, &slot, &generation);
  if (port == NULL) return NULL;
  CHECK(env, napi_create_int32(env, settle_probe(&port->engine, slot, generation), &result));
  return result;
}

// engineDelay(handle, slot, generation): how late the engine itself was for that run, in milliseconds; -1
// when it is not in flight.
napi_value engine_delay(napi_env env, napi_callback_info info) {
  napi_value result;
  uint32_t slot, generation;
  struct probe_port *port = read_run(env, info, &slot, &generation);
  if (port == NULL) return NULL;
  CHECK(env, napi_create_double(env, probe_delay(&port->engine, slot, generation), &result));
  return result;
}

// engineLost(handle, slot, generation): whether messages for that echo may have been lost here since its
// start. Only before engineEnd.
napi_value engine_lost(napi_env env, napi_callback_info info) {
  napi_value result;
  uint32_t slot, generation;
  struct probe_port *port = read_run(env, info, &slot, &generation);
  if (port == NULL) return NULL;
  CHECK(env, napi_get_boolean(env, lost_replies(&port->engine, slot, generation), &result));
  return result;
}

// engineEnd(handle, slot, generation): nothing is reported for the run any more. Without effect when it is
// over.
napi_value engine_end(napi_env env, napi_callback_info info) {
  uint32_t slot, generation;
  struct probe_port *port = read_run(env, info, &slot, &generation);
  if (port != NULL) close_probe(&port->engine, slot, generation);
  return NULL;
}

// engineEndAll(handle, runs, count): engineEnd for the first `count` pairs of slot and generation in an
// Int32Array.
napi_value engine_end_all(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  napi_typedarray_type type;
  bool is_typed = false;
  size_t length = 0, count;
  void *data = NULL;

  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct probe_port *port = read_open_port(env, arguments[0]);
  if (port == NULL) return NULL;
  bool readable = napi_is_typedarray(env, arguments[1], &is_typed) == napi_ok && is_typed &&
                  napi_get_typedarray_info(env, arguments[1], &type, &length, &data, NULL, NULL) == napi_ok &&
                  type == napi_int32_array;
  if (!readable) {
    throw_argument(env, "runs must be an Int32Array");
    return NULL;
  }
  if (!read_size(env, arguments[2], length / 2, "count must be within runs", &count)) return NULL;
  const uint32_t *runs = data;
  for (size_t i = 0; i < count; i++) {
    if (runs[2 * i] >= port->engine.limits.slots) {
      throw_argument(env, "slot must be one of the engine's");
      return NULL;
    }
    close_probe(&port->engine, runs[2 * i], runs[2 * i + 1]);
  }
  return NULL;
}

// engineResume(handle, slot, generation): after bytes, when more of them are wanted.
napi_value engine_resume(napi_env env, napi_callback_info info) {
  uint32_t slot, generation;
  struct probe_port *port = read_run(env, info, &slot, &generation);
  if (port != NULL) resume_probe(&port->engine, slot, generation);
  return NULL;
}

// engineClose(handle): idempotent.
napi_value engine_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct probe_port *port = read_handle(env, handle, &engine_tag, "handle must come from engineOpen");
  if (port != NULL) close_probe_port(port);
  return NULL;
}

// engineSyscalls(): names of the calls that a report may say to have failed, in the order of their numbers.
napi_value engine_syscalls(napi_env env, napi_callback_info info) {
  napi_value list, name;
  if (!read_arguments(env, info, 0, NULL)) return NULL;
  CHECK(env, napi_create_array(env, &list));
  for (size_t i = 0; i < probe_syscall_count(); i++) {
    CHECK(env, napi_create_string_utf8(env, probe_syscall(i), NAPI_AUTO_LENGTH, &name));
    CHECK(env, napi_set_element(env, list, (uint32_t)i, name));
  }
  return list;
}
