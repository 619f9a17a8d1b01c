#include "stats_segment.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <poll.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <time.h>
#include <unistd.h>

// Room for one descriptor and for no second one: CMSG_LEN, not CMSG_SPACE, is what the kernel is told.
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(sizeof(int))];
};

static int64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

// 0, or errno.
static int wait_readable(int fd, int timeout_ms) {
  int64_t end_ms = now_ms() + timeout_ms;
  struct pollfd waited = {.fd = fd, .events = POLLIN};
  for (int64_t left_ms = timeout_ms; left_ms >= 0; left_ms = end_ms - now_ms()) {
    int count = poll(&waited, 1, (int)left_ms);
    if (count > 0) return 0;
    if (count == 0) return ETIMEDOUT;
    if (errno != EINTR) return errno;
  }
  return ETIMEDOUT;
}

// The one descriptor of a message; -1 with errno. The message has no byte, like the end of a connection: only
// what comes beside it tells them apart.
static int receive_descriptor(int socket) {
  union control control = {0};
  char byte;
  int fd = -1;
  struct iovec slot = {.iov_base = &byte, .iov_len = sizeof byte};
  struct msghdr message = {.msg_iov = &slot, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = CMSG_LEN(sizeof fd);
  ssize_t length = recvmsg(socket, &message, MSG_CMSG_CLOEXEC | MSG_DONTWAIT);
  if (length < 0) return -1;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  errno = EPROTO;
  if (header == NULL || header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) return -1;
  if (header->cmsg_len != CMSG_LEN(sizeof fd)) return -1;
  memcpy(&fd, CMSG_DATA(header), sizeof fd);
  if ((message.msg_flags & MSG_CTRUNC) == 0) return fd;
  close(fd); // more than one: that is not VPP
  errno = EPROTO;
  return -1;
}

// Memory that its owner can shrink would kill us with SIGBUS. VPP seals what it makes, except huge pages
// (src/vppinfra/linux/mem.c), for which the kernel's seal is not asked; those it never shrinks.
static bool cannot_shrink(int fd) {
  struct statfs system;
  int seals = fcntl(fd, F_GET_SEALS);
  if (seals >= 0 && (seals & F_SEAL_SHRINK) != 0) return true;
  return fstatfs(fd, &system) == 0 && system.f_type == HUGETLBFS_MAGIC;
}

static bool map_segment(int fd, size_t size_max, struct stats_segment *segment, struct failure *failure) {
  struct stat status;
  *failure = (struct failure){.syscall = "fcntl", .error = EPERM};
  if (!cannot_shrink(fd)) return false;
  // Asked for after the seal, so that it holds.
  *failure = (struct failure){.syscall = "fstat", .error = EINVAL};
  if (fstat(fd, &status) != 0 || status.st_size < STATS_HEADER_BYTES) return false;
  failure->error = EFBIG;
  if ((uint64_t)status.st_size > size_max) return false;
  void *memory = mmap(NULL, (size_t)status.st_size, PROT_READ, MAP_SHARED, fd, 0);
  *failure = (struct failure){.syscall = "mmap", .error = errno};
  if (memory == MAP_FAILED) return false;
  *segment = (struct stats_segment){.memory = memory, .size = (size_t)status.st_size};
  return true;
}

bool receive_segment(const char *path, int timeout_ms, size_t size_max, struct stats_segment *segment,
                     struct failure *failure) {
  int socket = connect_unix(path, SOCK_SEQPACKET, failure);
  if (socket < 0) return false;
  errno = wait_readable(socket, timeout_ms);
  if (errno != 0) return abandon_socket(socket, "poll", failure) >= 0;
  int fd = receive_descriptor(socket);
  if (fd < 0) return abandon_socket(socket, "recvmsg", failure) >= 0;
  close(socket);
  bool mapped = map_segment(fd, size_max, segment, failure);
  close(fd); // the mapping stays
  return mapped;
}

int create_segment(size_t size, struct stats_segment *segment, struct failure *failure) {
  int fd = memfd_create("maglev-stats", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (fd < 0) return abandon_socket(-1, "memfd_create", failure);
  if (ftruncate(fd, (off_t)size) != 0) return abandon_socket(fd, "ftruncate", failure);
  if (fcntl(fd, F_ADD_SEALS, F_SEAL_SHRINK) != 0) return abandon_socket(fd, "fcntl", failure);
  void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
  if (memory == MAP_FAILED) return abandon_socket(fd, "mmap", failure);
  *segment = (struct stats_segment){.memory = memory, .size = size};
  return fd;
}

void send_descriptor(int socket, int fd) {
  union control control = {0};
  struct iovec slot = {0};
  struct msghdr message = {.msg_iov = &slot, .msg_iovlen = 1, .msg_control = &control};
  message.msg_controllen = sizeof control.bytes;
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof fd);
  memcpy(CMSG_DATA(header), &fd, sizeof fd);
  (void)sendmsg(socket, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
}

void unmap_segment(struct stats_segment *segment) {
  if (segment->memory != NULL) munmap(segment->memory, segment->size);
  segment->memory = NULL;
}
