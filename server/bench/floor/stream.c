// A TCP connection per probe in the fewest calls that do it: connect, send at once, read once when there is
// something, disconnect by a reset and use the socket again. Its options are those of maglevd's engine.
#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

enum { REPLY_BYTES = 4096, KEPT = 256, DESCRIPTORS = 65536 };

static int kept[KEPT]; // disconnected, for the next probes
static int kept_count;
static bool watched[DESCRIPTORS]; // epoll knows the descriptor

static void open_nothing(struct floor *floor) {
  (void)floor;
}

static int take_socket(void) {
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  if (kept_count > 0) return kept[--kept_count];
  int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0 || fd >= DESCRIPTORS) give_up("socket");
  if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) give_up("setsockopt");
  watched[fd] = false;
  return fd;
}

static void end(struct floor *floor, struct target *target, bool passed, uint64_t now_ns) {
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  int fd = target->fd;
  target->fd = -1;
  target->took_ns = now_ns - target->begun_ns;
  if (passed) {
    floor->passed++;
  } else {
    floor->failed++;
  }
  // One that failed may still be watched.
  if (passed && kept_count < KEPT && connect(fd, &nobody, sizeof nobody) == 0) {
    kept[kept_count++] = fd;
  } else {
    close(fd);
  }
}

// One event is to be told of, then none.
static void watch(const struct floor *floor, uint32_t index, uint32_t events) {
  int fd = floor->targets[index].fd;
  struct epoll_event event = {.events = events | EPOLLONESHOT, .data.u32 = index};
  int operation = watched[fd] ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(floor->epoll, operation, fd, &event) != 0) give_up("epoll_ctl");
  watched[fd] = true;
}

// Whether connected, and the request, if there is one, is on its way; -1: neither, and never.
static int go_on(const struct floor *floor, const struct target *target) {
  const char *request = floor->request;
  if (request == NULL) {
    const struct sockaddr *address = (const struct sockaddr *)&target->address;
    if (connect(target->fd, address, sizeof target->address) == 0 || errno == EISCONN) return 1;
    return errno == EALREADY || errno == EINPROGRESS ? 0 : -1;
  }
  if (send(target->fd, request, strlen(request), MSG_NOSIGNAL) == (ssize_t)strlen(request)) return 1;
  return errno == EAGAIN ? 0 : -1;
}

static void advance(struct floor *floor, uint32_t index, uint64_t now_ns) {
  struct target *target = &floor->targets[index];
  int went = go_on(floor, target);
  if (went < 0) {
    end(floor, target, false, now_ns);
  } else if (went > 0 && floor->request == NULL) {
    end(floor, target, true, now_ns);
  } else {
    target->sent = went > 0;
    watch(floor, index, target->sent ? EPOLLIN : EPOLLOUT);
  }
}

static void begin_one(struct floor *floor, uint32_t index, uint64_t now_ns) {
  struct target *target = &floor->targets[index];
  const int off = 0;
  // A whole interval without an answer.
  if (target->fd >= 0) end(floor, target, false, now_ns);
  target->fd = take_socket();
  target->sent = false;
  target->begun_ns = now_ns;
  if (setsockopt(target->fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off) != 0) give_up("setsockopt");
  if (connect(target->fd, (const struct sockaddr *)&target->address, sizeof target->address) != 0 &&
      errno != EINPROGRESS) {
    end(floor, target, false, now_ns);
  } else {
    advance(floor, index, now_ns);
  }
}

static void begin(struct floor *floor, uint32_t first, uint32_t count, uint64_t now_ns) {
  for (uint32_t i = 0; i < count; i++) begin_one(floor, first + i, now_ns);
}

// The status of a reply's first line; 0: it has none.
static int status_of(const char *reply, ssize_t length) {
  if (length < 12 || memcmp(reply, "HTTP/1.", 7) != 0) return 0;
  return (reply[9] - '0') * 100 + (reply[10] - '0') * 10 + (reply[11] - '0');
}

static void look(struct floor *floor, uint32_t index, uint32_t events, uint64_t now_ns) {
  struct target *target = &floor->targets[index];
  char reply[REPLY_BYTES];
  (void)events; // an error is found by what comes next
  if (target->fd < 0) return;
  if (!target->sent) {
    advance(floor, index, now_ns);
    return;
  }
  int status = status_of(reply, recv(target->fd, reply, sizeof reply, 0));
  end(floor, target, status >= 200 && status <= 299, now_ns);
}

const struct kind stream_kind = {open_nothing, begin, look};
