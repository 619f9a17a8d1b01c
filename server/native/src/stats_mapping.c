// What JavaScript does with VPP's stats segment: open it (on a thread of the pool), read copies, close.
#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "stats_face.h"

static const napi_type_tag mapping_tag = {0x6d61676c65760001, 0x73746174732d6d61};

enum { TIMEOUT_MS_MAX = 60 * 1000 };

// One opening, from the call to its end. The thread sees only what is not Node-API's.
struct opening {
  char path[PATH_MAX];
  int timeout_ms;
  size_t size_max;
  struct stats_segment segment;
  struct failure failure;
  bool opened;
  napi_ref done;
  napi_async_work work;
};

static void open_on_thread(napi_env env, void *data) {
  struct opening *opening = data;
  (void)env;
  opening->opened = receive_segment(opening->path, opening->timeout_ms, opening->size_max, &opening->segment,
                                    &opening->failure);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  unmap_segment(data);
  free(data);
}

static struct stats_segment *read_mapping(napi_env env, napi_value handle) {
  return read_handle(env, handle, &mapping_tag, "handle must come from statsOpen");
}

// The handle, which owns the mapping from here on; NULL when the environment is going down.
static napi_value wrap_segment(napi_env env, struct opening *opening) {
  napi_value handle;
  struct stats_segment *segment = malloc(sizeof *segment);
  if (segment == NULL) return NULL;
  *segment = opening->segment;
  if (napi_create_external(env, segment, on_handle_collected, NULL, &handle) != napi_ok) {
    free(segment);
    return NULL;
  }
  opening->segment.memory = NULL;
  return napi_type_tag_object(env, handle, &mapping_tag) == napi_ok ? handle : NULL;
}

static void report_opening(napi_env env, struct opening *opening) {
  napi_value function, undefined, arguments[2];
  CHECK_FATAL(napi_get_undefined(env, &undefined));
  CHECK_FATAL(napi_get_reference_value(env, opening->done, &function));
  arguments[0] = undefined;
  arguments[1] = opening->opened ? wrap_segment(env, opening) : undefined;
  if (!opening->opened && !make_error(env, opening->failure, &arguments[0])) return;
  if (arguments[1] == NULL) return;
  // Inside of Node's own scope for callbacks: it sees to an exception.
  (void)napi_call_function(env, undefined, function, 2, arguments, NULL);
}

// Called in every case, also when the environment is going down: then nobody can be told.
static void on_done(napi_env env, napi_status status, void *data) {
  struct opening *opening = data;
  if (status == napi_ok) report_opening(env, opening);
  unmap_segment(&opening->segment);
  CHECK_FATAL(napi_delete_reference(env, opening->done));
  CHECK_FATAL(napi_delete_async_work(env, opening->work));
  free(opening);
}

static bool read_request(napi_env env, const napi_value *arguments, struct opening *opening) {
  const char *timeout = "timeoutMs must be 0..60000";
  return read_text(env, arguments[0], sizeof opening->path, "bad path", opening->path) &&
         read_int(env, arguments[1], 0, TIMEOUT_MS_MAX, timeout, &opening->timeout_ms) &&
         read_size(env, arguments[2], SIZE_MAX / 2, "sizeMax must be positive", &opening->size_max) &&
         read_function(env, arguments[3], "done must be a function");
}

static bool start_opening(napi_env env, napi_value done, struct opening *opening) {
  napi_value name;
  return napi_create_reference(env, done, 1, &opening->done) == napi_ok &&
         napi_create_string_utf8(env, "MaglevStats", NAPI_AUTO_LENGTH, &name) == napi_ok &&
         napi_create_async_work(env, NULL, name, open_on_thread, on_done, opening, &opening->work) ==
             napi_ok &&
         napi_queue_async_work(env, opening->work) == napi_ok;
}

// statsOpen(path, timeoutMs, sizeMax, done(error, handle))
napi_value stats_open(napi_env env, napi_callback_info info) {
  napi_value arguments[4];
  if (!read_arguments(env, info, 4, arguments)) return NULL;
  struct opening *opening = calloc(1, sizeof *opening);
  if (opening == NULL) {
    throw_failure(env, (struct failure){.syscall = "calloc", .error = ENOMEM});
    return NULL;
  }
  if (!read_request(env, arguments, opening)) {
    free(opening);
    return NULL;
  }
  if (start_opening(env, arguments[3], opening)) return NULL;
  throw_last(env, "start_opening");
  if (opening->work != NULL) CHECK_FATAL(napi_delete_async_work(env, opening->work));
  if (opening->done != NULL) CHECK_FATAL(napi_delete_reference(env, opening->done));
  free(opening);
  return NULL;
}

// statsSize(handle): bytes, as they were when it was mapped.
napi_value stats_size(napi_env env, napi_callback_info info) {
  napi_value handle, result;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  const struct stats_segment *segment = read_mapping(env, handle);
  if (segment == NULL) return NULL;
  CHECK(env, napi_create_int64(env, (int64_t)segment->size, &result));
  return result;
}

// statsHeader(handle): an array of bigints, each loaded before those behind it and before all later reads.
napi_value stats_header(napi_env env, napi_callback_info info) {
  napi_value handle, result, number;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  const struct stats_segment *segment = read_mapping(env, handle);
  if (segment == NULL || !require_open(env, segment)) return NULL;
  const uint64_t *words = (const uint64_t *)(const void *)segment->memory;
  CHECK(env, napi_create_array_with_length(env, STATS_HEADER_WORDS, &result));
  for (uint32_t i = 0; i < STATS_HEADER_WORDS; i++) {
    CHECK(env, napi_create_bigint_uint64(env, __atomic_load_n(&words[i], __ATOMIC_ACQUIRE), &number));
    CHECK(env, napi_set_element(env, result, i, number));
  }
  return result;
}

// statsRead(handle, offset, length): a copy.
napi_value stats_read(napi_env env, napi_callback_info info) {
  napi_value arguments[3], result;
  double length;
  size_t offset;
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  const struct stats_segment *segment = read_mapping(env, arguments[0]);
  if (segment == NULL || !require_open(env, segment)) return NULL;
  if (napi_get_value_double(env, arguments[2], &length) != napi_ok) length = -1;
  if (!read_offset(env, arguments[1], length, segment, &offset)) return NULL;
  CHECK(env, napi_create_buffer_copy(env, (size_t)length, segment->memory + offset, NULL, &result));
  // What is loaded later, the header above all, is no older than the copy.
  __atomic_thread_fence(__ATOMIC_ACQUIRE);
  return result;
}

// statsClose(handle): idempotent.
napi_value stats_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct stats_segment *segment = read_mapping(env, handle);
  if (segment != NULL) unmap_segment(segment);
  return NULL;
}
