// A probe engine as JavaScript holds it: the environment's side of it.
#ifndef MAGLEV_PROBE_ENGINE_PORT_H
#define MAGLEV_PROBE_ENGINE_PORT_H

#include <uv.h>

#include "addon.h"
#include "probe_engine.h"

enum {
  PROBE_REPORT_WORDS = 5, // slot, generation, event, value, index of the system call
  PROBE_REPORT_TIMES = 2, // elapsed, delayed, in milliseconds
};

// Held by JavaScript's handle, by libuv, and by whoever works on it: the last one frees it.
struct probe_port {
  struct probe_engine engine;
  napi_env env;
  napi_ref on_ready; // called without arguments when there is something to take
  napi_ref words;    // Int32Array, PROBE_REPORT_WORDS per report
  napi_ref times;    // Float64Array, PROBE_REPORT_TIMES per report
  napi_ref bytes;    // Uint8Array, what came, report after report
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  uv_async_t *async; // of uv's own size and never looked into
  size_t report_count;
  size_t byte_count;
  bool open;
  bool calling; // JavaScript runs on our call
  unsigned holders;
};

// Held by the caller; NULL when memory is short.
struct probe_port *create_probe_port(napi_env env);

// Starts the engine and calls on_ready from now on, until close_probe_port or the environment's end.
bool start_probe_port(struct probe_port *port, struct failure *failure);

// Ends the engine's thread and its sockets at once; libuv gives its hold back a turn of the loop later.
void close_probe_port(struct probe_port *port);

void drop_probe_port(struct probe_port *port);

// Fills JavaScript's arrays with reports; gives how many, or -1 if the arrays were given away.
int take_reports(struct probe_port *port);

// The system calls that a report may name.
size_t probe_syscall_count(void);
const char *probe_syscall(size_t index);

#endif
