// A stats socket that does what VPP does not do: `stats_peer PATH HOW`. Says "ready" once it listens, and
// ends when its standard input does. Not part of the addon.
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void require(int holds, const char *what) {
  if (holds) return;
  perror(what);
  exit(1);
}

static int memory_file(off_t size, int seals) {
  int fd = memfd_create("stats-peer", MFD_ALLOW_SEALING);
  require(fd >= 0 && ftruncate(fd, size) == 0, "memfd");
  require(seals == 0 || fcntl(fd, F_ADD_SEALS, seals) == 0, "seals");
  return fd;
}

static void answer(int client, const char *data, size_t length, const int *fds, size_t fd_count) {
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(2 * sizeof(int))];
  } control = {0};
  struct iovec slot = {.iov_base = (void *)(size_t)data, .iov_len = length};
  struct msghdr message = {.msg_iov = &slot, .msg_iovlen = 1};
  if (fd_count > 0) {
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(fd_count * sizeof *fds);
    control.header.cmsg_level = SOL_SOCKET;
    control.header.cmsg_type = SCM_RIGHTS;
    control.header.cmsg_len = CMSG_LEN(fd_count * sizeof *fds);
    memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof *fds);
  }
  require(sendmsg(client, &message, 0) >= 0, "sendmsg");
}

static void serve(int client, const char *how) {
  const int seal = F_SEAL_SHRINK;
  int fds[2] = {-1, -1};
  size_t count = 1;
  if (strcmp(how, "sealed") == 0) fds[0] = memory_file(4096, seal);
  if (strcmp(how, "unsealed") == 0) fds[0] = memory_file(4096, 0);
  if (strcmp(how, "tiny") == 0) fds[0] = memory_file(39, seal);
  if (strcmp(how, "socket") == 0) fds[0] = dup(client);
  if (strcmp(how, "two") == 0) {
    fds[0] = memory_file(4096, seal);
    fds[1] = memory_file(4096, seal);
    count = 2;
  }
  if (fds[0] >= 0) answer(client, "", 0, fds, count);
  if (strcmp(how, "byte") == 0) answer(client, "x", 1, NULL, 0);
  for (size_t i = 0; i < count; i++) {
    if (fds[i] >= 0) close(fds[i]);
  }
  close(client); // "nothing" comes here at once
}

int main(int count, char **arguments) {
  struct sockaddr_un name = {.sun_family = AF_UNIX};
  require(count == 3 && strlen(arguments[1]) < sizeof name.sun_path, "usage: stats_peer PATH HOW");
  strcpy(name.sun_path, arguments[1]);
  int listener = socket(AF_UNIX, SOCK_SEQPACKET, 0);
  require(bind(listener, (struct sockaddr *)&name, sizeof name) == 0 && listen(listener, 5) == 0, "listen");
  require(write(STDOUT_FILENO, "ready\n", 6) == 6, "write");
  int silent = strcmp(arguments[2], "silent") == 0;
  struct pollfd waited[2] = {{.fd = STDIN_FILENO, .events = POLLIN},
                             {.fd = silent ? -1 : listener, .events = POLLIN}};
  while (poll(waited, 2, -1) > 0 && waited[0].revents == 0) serve(accept(listener, NULL, NULL), arguments[2]);
  return 0;
}
