// What the files that speak Node-API share: state per environment (never static), failures, checked calls.
#ifndef MAGLEV_ADDON_H
#define MAGLEV_ADDON_H

#include <node_api.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "socket.h"

// One per environment: main thread, each worker, each loading of the file.
struct environment {
  int own_netns; // of its thread; -1 until a namespace was entered
};

// A call of Node-API that fails leaves a JavaScript exception behind and ends the function.
#define CHECK(env, call)                                                                                     \
  do {                                                                                                       \
    if ((call) != napi_ok) {                                                                                 \
      throw_last(env, #call);                                                                                \
      return NULL;                                                                                           \
    }                                                                                                        \
  } while (0)

// The same where there is nobody to throw to: a runtime that refuses this much is not survived.
#define CHECK_FATAL(call)                                                                                    \
  do {                                                                                                       \
    if ((call) != napi_ok) napi_fatal_error(__func__, NAPI_AUTO_LENGTH, #call, NAPI_AUTO_LENGTH);            \
  } while (0)

// module.c: the environment's own_netns
int *own_netns(napi_env env);

// error.c
void throw_last(napi_env env, const char *call);
void throw_argument(napi_env env, const char *message);
void throw_failure(napi_env env, struct failure failure);
bool make_error(napi_env env, struct failure failure, napi_value *error);

// argument.c; false leaves a TypeError behind
struct bytes {
  uint8_t *data;
  size_t length;
};
bool read_int(napi_env env, napi_value value, int min, int max, const char *message, int *out);
bool read_text(napi_env env, napi_value value, size_t size, const char *message, char *out);
bool read_bytes(napi_env env, napi_value value, const char *message, struct bytes *out);
bool read_function(napi_env env, napi_value value, const char *message);
bool read_size(napi_env env, napi_value value, size_t max, const char *message, size_t *out);
bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments);
// What an external with that tag stands for; NULL with a TypeError for anything else.
void *read_handle(napi_env env, napi_value handle, const napi_type_tag *tag, const char *message);

// open_socket.c, vpp_api.c, stats_mapping.c, stats_server.c, probe_engine_api.c, notify.c: what
// JavaScript calls
bool read_socket_request(napi_env env, const napi_value *arguments, struct socket_request *out);
napi_value open_socket(napi_env env, napi_callback_info info);
napi_value vpp_open(napi_env env, napi_callback_info info);
napi_value vpp_send(napi_env env, napi_callback_info info);
napi_value vpp_pending(napi_env env, napi_callback_info info);
napi_value vpp_close(napi_env env, napi_callback_info info);
napi_value stats_open(napi_env env, napi_callback_info info);
napi_value stats_size(napi_env env, napi_callback_info info);
napi_value stats_header(napi_env env, napi_callback_info info);
napi_value stats_read(napi_env env, napi_callback_info info);
napi_value stats_close(napi_env env, napi_callback_info info);
napi_value stats_serve(napi_env env, napi_callback_info info);
napi_value stats_write(napi_env env, napi_callback_info info);
napi_value stats_write_u64(napi_env env, napi_callback_info info);
napi_value stats_server_close(napi_env env, napi_callback_info info);
napi_value notify_send(napi_env env, napi_callback_info info);
napi_value engine_open(napi_env env, napi_callback_info info);
napi_value engine_record(napi_env env, napi_callback_info info);
napi_value engine_echo_record(napi_env env, napi_callback_info info);
napi_value engine_start(napi_env env, napi_callback_info info);
napi_value engine_take(napi_env env, napi_callback_info info);
napi_value engine_settle(napi_env env, napi_callback_info info);
napi_value engine_delay(napi_env env, napi_callback_info info);
napi_value engine_lost(napi_env env, napi_callback_info info);
napi_value engine_end(napi_env env, napi_callback_info info);
napi_value engine_end_all(napi_env env, napi_callback_info info);
napi_value engine_resume(napi_env env, napi_callback_info info);
napi_value engine_close(napi_env env, napi_callback_info info);
napi_value engine_syscalls(napi_env env, napi_callback_info info);

#endif
