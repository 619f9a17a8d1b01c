#include "unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { BACKLOG = 16 };

// A socket with its address; -1 with the failure.
static int create_unix(const char *path, int type, struct sockaddr_un *name, struct failure *failure) {
  size_t length = strlen(path);
  *name = (struct sockaddr_un){.sun_family = AF_UNIX};
  if (length >= sizeof name->sun_path) {
    errno = ENAMETOOLONG;
    return abandon_socket(-1, "connect", failure);
  }
  memcpy(name->sun_path, path, length);
  int fd = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  return fd >= 0 ? fd : abandon_socket(-1, "socket", failure);
}

int connect_unix(const char *path, int type, struct failure *failure) {
  struct sockaddr_un name;
  int fd = create_unix(path, type, &name, failure);
  if (fd < 0) return -1;
  if (connect(fd, (struct sockaddr *)&name, sizeof name) == 0) return fd;
  return abandon_socket(fd, "connect", failure);
}

static bool is_stale(const char *path, int type) {
  struct failure failure;
  struct stat file;
  // A file that is no socket refuses a connection, too.
  if (lstat(path, &file) != 0 || !S_ISSOCK(file.st_mode)) return false;
  int fd = connect_unix(path, type, &failure);
  if (fd >= 0) close(fd);
  return fd < 0 && failure.error == ECONNREFUSED;
}

int listen_unix(const char *path, int type, struct failure *failure) {
  struct sockaddr_un name;
  int fd = create_unix(path, type, &name, failure);
  if (fd < 0) return -1;
  int bound = bind(fd, (struct sockaddr *)&name, sizeof name);
  if (bound != 0 && errno == EADDRINUSE) {
    if (is_stale(path, type)) unlink(path);
    bound = bind(fd, (struct sockaddr *)&name, sizeof name);
  }
  if (bound != 0) return abandon_socket(fd, "bind", failure);
  if (listen(fd, BACKLOG) == 0) return fd;
  abandon_socket(fd, "listen", failure);
  unlink(path);
  return -1;
}
