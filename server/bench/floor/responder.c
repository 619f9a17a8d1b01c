// responder PORT: answers 200 to every connection on every address, as cheaply as it can: what is probed
// where nginx would be too slow. It reads the request and understands none of it, and says `ready` when it
// listens.
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { REQUEST_BYTES = 4096, BACKLOG = 4096 };

static const char reply[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";

static _Noreturn void give_up(const char *what) {
  fprintf(stderr, "responder: %s: %s\n", what, strerror(errno));
  exit(1);
}

static int listen_on(uint16_t port) {
  const int on = 1;
  const int seconds = 5;
  const struct sockaddr_in any = {.sin_family = AF_INET, .sin_port = htons(port)};
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (fd < 0) give_up("socket");
  // With the request in it already a connection needs no waiting for.
  if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
      setsockopt(fd, IPPROTO_TCP, TCP_DEFER_ACCEPT, &seconds, sizeof seconds) != 0) {
    give_up("setsockopt");
  }
  if (bind(fd, (const struct sockaddr *)&any, sizeof any) != 0) give_up("bind");
  if (listen(fd, BACKLOG) != 0) give_up("listen");
  return fd;
}

int main(int argc, char **argv) {
  char request[REQUEST_BYTES];
  if (argc != 2) {
    fputs("usage: responder PORT\n", stderr);
    return 2;
  }
  int listener = listen_on((uint16_t)atoi(argv[1]));
  puts("ready");
  fflush(stdout);
  for (;;) {
    int fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
    if (fd < 0 && errno != ECONNABORTED && errno != EINTR) give_up("accept4");
    if (fd < 0) continue;
    if (recv(fd, request, sizeof request, 0) > 0) {
      ssize_t sent = send(fd, reply, sizeof reply - 1, MSG_NOSIGNAL);
      (void)sent; // who has gone needs no answer
    }
    close(fd);
  }
}
