// Sockets of probes: made, used again, watched by epoll, given up. One whose connection was ended begins the
// next: that saves a fifth of what the kernel does for a probe. It knows no slots and no reports.
#include <errno.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "probe_engine.h"

const struct probe_socket no_socket = {.fd = -1};

void close_socket(int fd) {
  if (fd >= 0) close(fd);
}

// Under the lock; none for an echo. None with a source address is kept: that address may be gone when it
// would be used again.
struct probe_socket take_spare(struct probe_engine *engine, const struct probe_start *start) {
  bool suits = start->protocol == 0 && start->has_source == 0;
  for (uint32_t i = engine->spare_count; suits && i-- > 0;) {
    struct probe_socket spare = engine->spares[i];
    if (spare.family != start->target.any.sa_family) continue;
    engine->spares[i] = engine->spares[--engine->spare_count];
    return spare;
  }
  return no_socket;
}

// Under the lock.
static bool has_place(const struct probe_engine *engine, const struct probe_socket *socket) {
  return engine->spare_count < PROBE_SPARES_MAX && socket->stay == engine->stay;
}

// Ends the connection as a close would, by a reset, and keeps the socket.
static bool keep_spare(struct probe_engine *engine, const struct probe_socket *socket) {
  const struct sockaddr nobody = {.sa_family = AF_UNSPEC};
  pthread_mutex_lock(&engine->lock);
  bool kept = has_place(engine, socket);
  pthread_mutex_unlock(&engine->lock);
  if (!kept || connect(socket->fd, &nobody, sizeof nobody) != 0) return false;
  pthread_mutex_lock(&engine->lock);
  kept = has_place(engine, socket);
  if (kept) engine->spares[engine->spare_count++] = *socket;
  pthread_mutex_unlock(&engine->lock);
  return kept;
}

void retire_socket(struct probe_engine *engine, struct probe_socket socket) {
  if (socket.fd < 0) return;
  // epoll would tell of the end of one that it watches.
  bool kept = socket.reusable && !socket.armed && keep_spare(engine, &socket);
  if (!kept) close(socket.fd);
}

// Outside of the lock. No socket is kept beyond the thread's stay in a namespace: it would keep that alive.
// Those in use count as of the stay before, and are closed when their probes end.
void drop_spares(struct probe_engine *engine) {
  struct probe_socket spares[PROBE_SPARES_MAX];
  pthread_mutex_lock(&engine->lock);
  uint32_t count = engine->spare_count;
  for (uint32_t i = 0; i < count; i++) spares[i] = engine->spares[i];
  engine->spare_count = 0;
  engine->stay++;
  pthread_mutex_unlock(&engine->lock);
  for (uint32_t i = 0; i < count; i++) close(spares[i].fd);
}

bool arm_socket(const struct probe_engine *engine, struct probe_socket *socket, uint64_t id, bool writing) {
  const uint32_t wanted = EPOLLIN | EPOLLRDHUP | EPOLLONESHOT | (writing ? EPOLLOUT : 0);
  struct epoll_event events = {.events = wanted, .data.u64 = id};
  int operation = socket->registered ? EPOLL_CTL_MOD : EPOLL_CTL_ADD;
  if (epoll_ctl(engine->epoll, operation, socket->fd, &events) != 0) return false;
  socket->registered = true;
  socket->armed = true;
  return true;
}

socklen_t address_length(const union probe_address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

static int make_socket(const struct probe_start *start, struct failure *failure) {
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  struct socket_request request;
  int own = -1;

  request.family = start->target.any.sa_family;
  request.type = SOCK_STREAM;
  request.protocol = 0;
  request.in_netns = false; // the thread is there already
  request.has_source = start->has_source != 0;
  request.source.length = address_length(&start->source);
  request.source.v6 = start->source.v6;
  int fd = create_socket(&request, &own, failure);
  if (fd >= 0) fd = bind_source(fd, &request, failure);
  // Closed by a reset, as HAProxy's checks are: no TIME_WAIT is left on either side.
  if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) {
    fd = abandon_socket(fd, "setsockopt", failure);
  }
  return fd;
}

bool connect_socket(const struct probe_engine *engine, const struct probe_start *start,
                    struct probe_socket *socket, struct failure *failure) {
  const int off = 0;
  if (socket->fd < 0) {
    *socket = (struct probe_socket){.fd = make_socket(start, failure),
                                    .family = start->target.any.sa_family,
                                    .reusable = start->has_source == 0,
                                    .stay = engine->stay};
    if (socket->fd < 0) return false;
  }
  // The request follows at once and acknowledges the handshake: one packet less. Without one a reset follows,
  // and the server's program never hears of the connection: neither does it with HAProxy's checks.
  if (setsockopt(socket->fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off) != 0) {
    *failure = (struct failure){.syscall = "setsockopt", .error = errno};
    return false;
  }
  if (connect(socket->fd, &start->target.any, address_length(&start->target)) == 0 || errno == EINPROGRESS) {
    return true;
  }
  *failure = (struct failure){.syscall = "connect", .error = errno};
  return false;
}

// The same call again: by now a near peer has answered. 0, EALREADY, or why not.
int ask_connected(int fd, const struct probe_start *start) {
  if (connect(fd, &start->target.any, address_length(&start->target)) == 0 || errno == EISCONN) return 0;
  return errno;
}
