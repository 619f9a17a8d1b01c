// notifySend(path, text): one datagram to a Unix socket, which is how a service tells its manager of itself.
// Node has no Unix datagram sockets. Nothing is kept open between two calls.
#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "addon.h"

enum { NOTIFY_TEXT_BYTES = 4096 };

// 0, or the errno. A path that starts with '@' names the abstract namespace (sd_notify(3)).
static int send_datagram(const char *path, const char *text) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  size_t length = strlen(path);
  if (length >= sizeof name.sun_path) return ENAMETOOLONG;
  memcpy(name.sun_path, path, length);
  if (path[0] == '@') name.sun_path[0] = '\0';
  int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  socklen_t name_length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length);
  ssize_t sent =
      sendto(fd, text, strlen(text), MSG_NOSIGNAL, (const struct sockaddr *)&name, name_length);
  int error = sent < 0 ? errno : 0;
  close(fd);
  return error;
}

napi_value notify_send(napi_env env, napi_callback_info info) {
  napi_value arguments[2], result;
  char path[sizeof ((struct sockaddr_un *)NULL)->sun_path];
  char text[NOTIFY_TEXT_BYTES];

  if (!read_arguments(env, info, 2, arguments)) return NULL;
  if (!read_text(env, arguments[0], sizeof path, "bad path of a notify socket", path)) return NULL;
  if (!read_text(env, arguments[1], sizeof text, "bad notify text", text)) return NULL;
  CHECK(env, napi_create_int32(env, send_datagram(path, text), &result));
  return result;
}
