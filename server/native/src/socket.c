#include "socket.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

int abandon_socket(int fd, const char *syscall, struct failure *failure) {
  *failure = (struct failure){.syscall = syscall, .error = errno};
  if (fd >= 0) close(fd);
  return -1;
}

int create_socket(const struct socket_request *request, int *own_netns, struct failure *failure) {
  if (request->in_netns && !enter_netns(request->netns_path, own_netns, failure)) return -1;
  int fd = socket(request->family, request->type | SOCK_CLOEXEC | SOCK_NONBLOCK, request->protocol);
  int error = errno;
  if (request->in_netns) leave_netns(*own_netns);
  errno = error;
  if (fd < 0) return abandon_socket(fd, "socket", failure);
  const int on = 1;
  // A socket for IPv6 must not reach IPv4 by way of a mapped address. (A raw one knows no mapping.)
  if (request->family == AF_INET6 && request->type != SOCK_RAW &&
      setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
    return abandon_socket(fd, "setsockopt", failure);
  }
  return fd;
}

int bind_source(int fd, const struct socket_request *request, struct failure *failure) {
  if (!request->has_source) return fd;
  const int on = 1;
  // Leaves the port to connect, where only the whole 4-tuple must be free: else a source has 28,000 in all.
  if (request->type == SOCK_STREAM &&
      setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on) != 0) {
    return abandon_socket(fd, "setsockopt", failure);
  }
  if (bind(fd, &request->source.any, request->source.length) != 0) return abandon_socket(fd, "bind", failure);
  return fd;
}
