#include "icmp_socket.h"

#include <linux/sock_diag.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp_filter.h"

static int attach_filter(int fd, struct icmp_filter_program *program) {
  const struct sock_fprog option = {.len = program->length, .filter = program->code};
  return setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &option, sizeof option);
}

struct buffer_option {
  int forced;
  int limited;
  int bytes;
};

// Beyond the system's limit with CAP_NET_ADMIN, up to it without.
static int set_buffer(int fd, const struct buffer_option *option) {
  const int bytes = option->bytes;
  if (setsockopt(fd, SOL_SOCKET, option->forced, &bytes, sizeof bytes) == 0) return 0;
  return setsockopt(fd, SOL_SOCKET, option->limited, &bytes, sizeof bytes);
}

// The socket with its filter and buffer, or -1. Both come before bind, so that little gets in unfiltered.
static int prepare(int fd, struct icmp_filter_program *program, const struct buffer_option *buffer,
                   struct failure *failure) {
  if (fd < 0) return -1;
  if (attach_filter(fd, program) == 0 && set_buffer(fd, buffer) == 0) return fd;
  return abandon_socket(fd, "setsockopt", failure);
}

int open_icmp_receiver(const struct socket_request *request, uint16_t identifier, int buffer_bytes,
                       int *own_netns, struct failure *failure) {
  const struct buffer_option buffer = {SO_RCVBUFFORCE, SO_RCVBUF, buffer_bytes};
  struct icmp_filter_program program;
  build_icmp_filter(request->family, identifier, &program);
  int fd = prepare(create_socket(request, own_netns, failure), &program, &buffer, failure);
  const int on = 1;
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_TIMESTAMPNS, &on, sizeof on) != 0) {
    fd = abandon_socket(fd, "setsockopt", failure);
  }
  return fd < 0 ? -1 : bind_source(fd, request, failure);
}

int open_icmp_sender(const struct socket_request *request, int buffer_bytes, int *own_netns,
                     struct failure *failure) {
  const struct buffer_option buffer = {SO_SNDBUFFORCE, SO_SNDBUF, buffer_bytes};
  struct icmp_filter_program program;
  build_closed_filter(&program);
  int fd = prepare(create_socket(request, own_netns, failure), &program, &buffer, failure);
  return fd < 0 ? -1 : bind_source(fd, request, failure);
}

int64_t icmp_dropped_count(int fd) {
  uint32_t memory[SK_MEMINFO_VARS] = {0};
  socklen_t length = sizeof memory;
  if (getsockopt(fd, SOL_SOCKET, SO_MEMINFO, memory, &length) != 0) return -1;
  return memory[SK_MEMINFO_DROPS];
}
