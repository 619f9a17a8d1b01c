#include "probe_engine_port.h"

#include <stdlib.h>
#include <string.h>

static const char *const syscalls[] = {
    "open", "setns", "socket", "setsockopt", "bind", "connect", "epoll_ctl", "send", "recv", "malloc",
};

size_t probe_syscall_count(void) { return sizeof syscalls / sizeof *syscalls; }

const char *probe_syscall(size_t index) { return syscalls[index]; }

static int32_t syscall_index(const char *name) {
  for (size_t i = 0; name != NULL && i < probe_syscall_count(); i++) {
    if (strcmp(syscalls[i], name) == 0) return (int32_t)i;
  }
  return -1;
}

struct probe_port *create_probe_port(napi_env env) {
  struct probe_port *port = calloc(1, sizeof *port);
  if (port == NULL) return NULL;
  port->env = env;
  port->open = true;
  port->holders = 1;
  return port;
}

void drop_probe_port(struct probe_port *port) {
  if (--port->holders == 0) free(port);
}

static void delete_reference(napi_env env, napi_ref *reference) {
  if (*reference != NULL) CHECK_FATAL(napi_delete_reference(env, *reference));
  *reference = NULL;
}

static void destroy_context(struct probe_port *port) {
  if (port->context != NULL) CHECK_FATAL(napi_async_destroy(port->env, port->context));
  port->context = NULL;
}

static void on_async_closed(uv_handle_t *handle) {
  struct probe_port *port = uv_handle_get_data(handle);
  free(handle);
  if (port->cleanup != NULL) CHECK_FATAL(napi_remove_async_cleanup_hook(port->cleanup));
  drop_probe_port(port);
}

// What needs Node-API is given back here: the environment may be gone before libuv has finished.
void close_probe_port(struct probe_port *port) {
  if (!port->open) return;
  port->open = false;
  delete_reference(port->env, &port->on_ready);
  delete_reference(port->env, &port->words);
  delete_reference(port->env, &port->times);
  delete_reference(port->env, &port->bytes);
  if (!port->calling) destroy_context(port);
  if (port->async == NULL) return;
  // First the thread, which uses the handle.
  close_engine(&port->engine);
  uv_close((uv_handle_t *)port->async, on_async_closed);
}

static void on_environment_exit(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_probe_port(data); // nothing to do if that is under way already; on_async_closed tells Node of its end
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

int take_reports(struct probe_port *port) {
  struct probe_report report;
  int32_t *words = typed_memory(port->env, port->words, port->report_count * PROBE_REPORT_WORDS);
  double *times = typed_memory(port->env, port->times, port->report_count * PROBE_REPORT_TIMES);
  uint8_t *bytes = typed_memory(port->env, port->bytes, port->byte_count);
  if (words == NULL || times == NULL || bytes == NULL) return -1;
  size_t count = 0, used = 0;
  while (count < port->report_count &&
         take_report(&port->engine, &report, bytes + used, port->byte_count - used)) {
    const int32_t taken[PROBE_REPORT_WORDS] = {(int32_t)report.slot, (int32_t)report.generation,
                                               (int32_t)report.event, report.value,
                                               syscall_index(report.syscall)};
    memcpy(words + count * PROBE_REPORT_WORDS, taken, sizeof taken);
    times[count * PROBE_REPORT_TIMES] = report.elapsed_ms;
    times[count * PROBE_REPORT_TIMES + 1] = report.delayed_ms;
    count++;
    if (report.event == PROBE_BYTES) used += (size_t)report.value;
  }
  end_taking(&port->engine);
  return (int)count;
}

static void call_on_ready(struct probe_port *port) {
  napi_env env = port->env;
  napi_value function, global, error;
  bool pending = false;

  CHECK_FATAL(napi_get_reference_value(env, port->on_ready, &function));
  CHECK_FATAL(napi_get_global(env, &global));
  port->calling = true;
  napi_status status = napi_make_callback(env, port->context, global, function, 0, NULL, NULL);
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

static void on_told(uv_async_t *async) {
  struct probe_port *port = uv_handle_get_data((uv_handle_t *)async);
  napi_handle_scope scope;
  if (!port->open) return;
  CHECK_FATAL(napi_open_handle_scope(port->env, &scope));
  port->holders++;
  call_on_ready(port);
  drop_probe_port(port);
  CHECK_FATAL(napi_close_handle_scope(port->env, scope));
}

// On the engine's thread.
static void tell(void *context) {
  struct probe_port *port = context;
  uv_async_send(port->async);
}

bool start_probe_port(struct probe_port *port, struct failure *failure) {
  uv_loop_t *loop;
  CHECK_FATAL(napi_get_uv_event_loop(port->env, &loop));
  uv_async_t *async = malloc(uv_handle_size(UV_ASYNC));
  int error = async == NULL ? UV_ENOMEM : uv_async_init(loop, async, on_told);
  *failure = (struct failure){.syscall = "uv_async_init", .error = -error};
  if (error != 0) {
    free(async);
    return false;
  }
  uv_handle_set_data((uv_handle_t *)async, port);
  port->holders++;
  port->engine.tell = tell;
  port->engine.context = port;
  port->async = async;
  if (!open_engine(&port->engine, failure)) {
    port->async = NULL; // there is no thread to end
    uv_close((uv_handle_t *)async, on_async_closed);
    return false;
  }
  CHECK_FATAL(napi_add_async_cleanup_hook(port->env, on_environment_exit, port, &port->cleanup));
  return true;
}
