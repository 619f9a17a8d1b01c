// A stats segment of our own, for the simulator: memory, and a socket that hands its descriptor to each
// client.
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>
#include <uv.h>

#include "stats_face.h"

static const napi_type_tag server_tag = {0x6d61676c65760001, 0x73746174732d7365};

enum { CLIENTS_PER_TURN = 64 };

// Held by JavaScript's handle, by libuv while it polls, and by whoever works on it: the last one frees it.
struct stats_server {
  struct stats_segment segment;
  int fd; // of the segment
  int listener;
  char path[PATH_MAX];
  struct stat file; // of the socket: only that one is removed
  uv_poll_t *poll;
  napi_async_cleanup_hook_handle cleanup;
  bool open;
  unsigned holders;
};

static void drop_server(struct stats_server *server) {
  if (--server->holders == 0) free(server);
}

static void on_poll_closed(uv_handle_t *handle) {
  struct stats_server *server = uv_handle_get_data(handle);
  free(handle);
  if (server->cleanup != NULL) CHECK_FATAL(napi_remove_async_cleanup_hook(server->cleanup));
  drop_server(server);
}

static void remove_file(const struct stats_server *server) {
  struct stat now;
  if (lstat(server->path, &now) != 0) return;
  if (now.st_dev == server->file.st_dev && now.st_ino == server->file.st_ino) unlink(server->path);
}

static void close_server(struct stats_server *server) {
  if (!server->open) return;
  server->open = false;
  if (server->poll != NULL) uv_close((uv_handle_t *)server->poll, on_poll_closed);
  // After uv_close, which takes the descriptor out of epoll.
  if (server->listener >= 0) {
    remove_file(server);
    close(server->listener);
  }
  if (server->fd >= 0) close(server->fd);
  unmap_segment(&server->segment);
}

static void on_environment_exit(napi_async_cleanup_hook_handle handle, void *data) {
  (void)handle;
  close_server(data); // nothing to do if that is under way already
}

static void on_client(uv_poll_t *poll, int status, int events) {
  const struct stats_server *server = uv_handle_get_data((uv_handle_t *)poll);
  (void)status;
  (void)events;
  for (int i = 0; i < CLIENTS_PER_TURN; i++) {
    int client = accept4(server->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (client < 0) return; // none is left, or it has to wait for a descriptor
    send_descriptor(client, server->fd);
    close(client);
  }
}

static bool start_server(napi_env env, struct stats_server *server, struct failure *failure) {
  uv_loop_t *loop;
  CHECK_FATAL(napi_get_uv_event_loop(env, &loop));
  uv_poll_t *poll = malloc(uv_handle_size(UV_POLL));
  int error = poll == NULL ? UV_ENOMEM : uv_poll_init(loop, poll, server->listener);
  *failure = (struct failure){.syscall = "uv_poll_init", .error = -error};
  if (error != 0) {
    free(poll);
    return false;
  }
  uv_handle_set_data((uv_handle_t *)poll, server);
  server->poll = poll;
  server->holders++;
  CHECK_FATAL(napi_add_async_cleanup_hook(env, on_environment_exit, server, &server->cleanup));
  error = uv_poll_start(poll, UV_READABLE, on_client);
  *failure = (struct failure){.syscall = "uv_poll_start", .error = -error};
  return error == 0;
}

static bool listen_for_clients(napi_env env, struct stats_server *server, struct failure *failure) {
  server->fd = create_segment(server->segment.size, &server->segment, failure);
  if (server->fd < 0) return false;
  server->listener = listen_unix(server->path, SOCK_SEQPACKET, failure);
  if (server->listener < 0) return false;
  // A file that cannot be looked at is left behind, for the zeroes are none's.
  if (lstat(server->path, &server->file) != 0) memset(&server->file, 0, sizeof server->file);
  return start_server(env, server, failure);
}

static void on_handle_collected(napi_env env, void *data, void *hint) {
  (void)env;
  (void)hint;
  close_server(data);
  drop_server(data);
}

static struct stats_server *read_server(napi_env env, napi_value handle) {
  return read_handle(env, handle, &server_tag, "handle must come from statsServe");
}

static napi_value open_server(napi_env env, struct stats_server *server, const napi_value *arguments) {
  struct failure failure;
  napi_value handle;
  size_t *size = &server->segment.size;
  if (!read_text(env, arguments[0], sizeof server->path, "bad path", server->path)) return NULL;
  if (!read_size(env, arguments[1], SIZE_MAX / 2, "size must be at least 40", size)) return NULL;
  if (*size < STATS_HEADER_BYTES) {
    throw_argument(env, "size must be at least 40");
    return NULL;
  }
  if (!listen_for_clients(env, server, &failure)) {
    throw_failure(env, failure);
    return NULL;
  }
  CHECK(env, napi_create_external(env, server, on_handle_collected, NULL, &handle));
  server->holders++;
  CHECK(env, napi_type_tag_object(env, handle, &server_tag));
  return handle;
}

// statsServe(path, size)
napi_value stats_serve(napi_env env, napi_callback_info info) {
  napi_value arguments[2];
  if (!read_arguments(env, info, 2, arguments)) return NULL;
  struct stats_server *server = calloc(1, sizeof *server);
  if (server == NULL) {
    throw_failure(env, (struct failure){.syscall = "calloc", .error = ENOMEM});
    return NULL;
  }
  server->fd = -1;
  server->listener = -1;
  server->open = true;
  server->holders = 1;
  napi_value handle = open_server(env, server, arguments);
  if (handle == NULL) close_server(server);
  drop_server(server);
  return handle;
}

// statsWrite(handle, offset, bytes)
napi_value stats_write(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  struct bytes bytes;
  size_t offset;
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct stats_server *server = read_server(env, arguments[0]);
  if (server == NULL || !require_open(env, &server->segment)) return NULL;
  if (!read_bytes(env, arguments[2], "bytes must be a Uint8Array", &bytes)) return NULL;
  if (!read_offset(env, arguments[1], (double)bytes.length, &server->segment, &offset)) return NULL;
  memcpy(server->segment.memory + offset, bytes.data, bytes.length);
  return NULL;
}

// statsWriteU64(handle, offset, value): what was written before is seen before it.
napi_value stats_write_u64(napi_env env, napi_callback_info info) {
  napi_value arguments[3];
  uint64_t number;
  bool lossless = false;
  size_t offset;
  if (!read_arguments(env, info, 3, arguments)) return NULL;
  struct stats_server *server = read_server(env, arguments[0]);
  if (server == NULL || !require_open(env, &server->segment)) return NULL;
  if (!read_offset(env, arguments[1], sizeof number, &server->segment, &offset)) return NULL;
  if (napi_get_value_bigint_uint64(env, arguments[2], &number, &lossless) != napi_ok || !lossless ||
      offset % sizeof number != 0) {
    throw_argument(env, "value must be a bigint of 64 bits, and offset a multiple of 8");
    return NULL;
  }
  void *word = server->segment.memory + offset;
  __atomic_store_n((uint64_t *)word, number, __ATOMIC_RELEASE);
  return NULL;
}

// statsServerClose(handle): idempotent.
napi_value stats_server_close(napi_env env, napi_callback_info info) {
  napi_value handle;
  if (!read_arguments(env, info, 1, &handle)) return NULL;
  struct stats_server *server = read_server(env, handle);
  if (server != NULL) close_server(server);
  return NULL;
}
