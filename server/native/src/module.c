// What the addon exports, and its state per environment: it loads twice and in worker threads.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>
#include <uv.h>

#include "addon.h"
#include "probe_engine_port.h"

static void free_environment(napi_env env, void *data, void *hint) {
  struct environment *environment = data;
  (void)env;
  (void)hint;
  if (environment->own_netns >= 0) close(environment->own_netns);
  free(environment);
}

int *own_netns(napi_env env) {
  struct environment *environment = NULL;
  CHECK_FATAL(napi_get_instance_data(env, (void **)&environment));
  return &environment->own_netns;
}

static bool export_number(napi_env env, napi_value exports, const char *name, int number) {
  napi_value value;
  return napi_create_int32(env, number, &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

static bool export_function(napi_env env, napi_value exports, const char *name, napi_callback callback) {
  napi_value value;
  return napi_create_function(env, name, NAPI_AUTO_LENGTH, callback, NULL, &value) == napi_ok &&
         napi_set_named_property(env, exports, name, value) == napi_ok;
}

static bool export_engine(napi_env env, napi_value exports) {
  return export_number(env, exports, "PROBE_CHUNK_BYTES", PROBE_CHUNK_BYTES) &&
         export_number(env, exports, "PROBE_START_BYTES", sizeof(struct probe_start)) &&
         export_number(env, exports, "PROBE_REPORT_WORDS", PROBE_REPORT_WORDS) &&
         export_number(env, exports, "PROBE_REPORT_TIMES", PROBE_REPORT_TIMES) &&
         export_number(env, exports, "PROBE_CONNECTING", PROBE_CONNECTING) &&
         export_number(env, exports, "PROBE_CONNECTED", PROBE_CONNECTED) &&
         export_number(env, exports, "PROBE_REACHED", PROBE_REACHED) &&
         export_number(env, exports, "PROBE_BYTES", PROBE_BYTES) &&
         export_number(env, exports, "PROBE_CLOSED", PROBE_CLOSED) &&
         export_number(env, exports, "PROBE_FAILED", PROBE_FAILED) &&
         export_function(env, exports, "engineOpen", engine_open) &&
         export_function(env, exports, "engineRecord", engine_record) &&
         export_function(env, exports, "engineEchoRecord", engine_echo_record) &&
         export_function(env, exports, "engineStart", engine_start) &&
         export_function(env, exports, "engineTake", engine_take) &&
         export_function(env, exports, "engineSettle", engine_settle) &&
         export_function(env, exports, "engineDelay", engine_delay) &&
         export_function(env, exports, "engineLost", engine_lost) &&
         export_function(env, exports, "engineEnd", engine_end) &&
         export_function(env, exports, "engineEndAll", engine_end_all) &&
         export_function(env, exports, "engineResume", engine_resume) &&
         export_function(env, exports, "engineClose", engine_close) &&
         export_function(env, exports, "engineSyscalls", engine_syscalls);
}

static bool export_all(napi_env env, napi_value exports) {
  return export_number(env, exports, "AF_INET", AF_INET) &&
         export_number(env, exports, "AF_INET6", AF_INET6) &&
         export_number(env, exports, "SOCK_STREAM", SOCK_STREAM) &&
         export_number(env, exports, "SOCK_DGRAM", SOCK_DGRAM) &&
         export_function(env, exports, "openSocket", open_socket) &&
         export_function(env, exports, "vppOpen", vpp_open) &&
         export_function(env, exports, "vppSend", vpp_send) &&
         export_function(env, exports, "vppPending", vpp_pending) &&
         export_function(env, exports, "vppClose", vpp_close) &&
         export_function(env, exports, "statsOpen", stats_open) &&
         export_function(env, exports, "statsSize", stats_size) &&
         export_function(env, exports, "statsHeader", stats_header) &&
         export_function(env, exports, "statsRead", stats_read) &&
         export_function(env, exports, "statsClose", stats_close) &&
         export_function(env, exports, "statsServe", stats_serve) &&
         export_function(env, exports, "statsWrite", stats_write) &&
         export_function(env, exports, "statsWriteU64", stats_write_u64) &&
         export_function(env, exports, "statsServerClose", stats_server_close) &&
         export_function(env, exports, "notifySend", notify_send) &&
         export_engine(env, exports);
}

static napi_value start(napi_env env, napi_value exports) {
  // uv's structures are never looked into (see vpp_transport.h): its major version is all that must fit.
  if (uv_version() >> 16 != UV_VERSION_MAJOR) {
    throw_argument(env, "the addon was built for another libuv: run npm run build");
    return NULL;
  }
  struct environment *environment = malloc(sizeof *environment);
  if (environment == NULL) {
    throw_failure(env, (struct failure){.syscall = "malloc", .error = ENOMEM});
    return NULL;
  }
  environment->own_netns = -1;
  if (napi_set_instance_data(env, environment, free_environment, NULL) != napi_ok) {
    free(environment);
    throw_last(env, "napi_set_instance_data");
    return NULL;
  }
  if (!export_all(env, exports)) throw_last(env, "export_all");
  return exports;
}

// The macro defines two functions and declares only one.
NAPI_MODULE_EXPORT int32_t NODE_API_MODULE_GET_API_VERSION(void);
NAPI_MODULE(maglev, start)
