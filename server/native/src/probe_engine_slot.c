// One probe's connection: begun, looked at, ended. A thread that marked a slot as busy works on its socket
// without the lock, then writes down under it what came of that.
#include <errno.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>
#include <unistd.h>

#include "probe_engine.h"

// What one look at a socket gave.
struct finding {
  enum probe_state state;
  enum probe_event event;
  int value;
  const char *syscall;
  uint64_t now_ns;
  size_t sent;
  bool may_read; // room for a chunk is reserved
  uint8_t *bytes;
};

uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

void close_socket(int fd) {
  if (fd >= 0) close(fd);
}

// Under the lock. The slot lets go of its socket, which the caller closes outside of it.
int detach_probe(struct probe_engine *engine, struct probe_slot *slot) {
  int fd = slot->fd;
  slot->fd = -1;
  if (slot->state != PROBE_IDLE) engine->in_flight--;
  slot->state = PROBE_IDLE;
  slot->closing = false;
  drop_block(engine, slot->block);
  slot->block = NULL;
  slot->unsent = 0;
  return fd;
}

// Under the lock: from its queueing to its start, and whenever the thread was away since.
uint64_t delay_of(const struct probe_engine *engine, const struct probe_slot *slot, uint64_t now_ns) {
  uint64_t noise_ns = engine->limits.noise_ms * 1000000u;
  uint64_t queued = slot->started_ns - slot->queued_ns;
  uint64_t stalled = engine->stalled_ns - slot->stalled_before_ns;
  bool overdue = engine->tick_ns != 0 && now_ns > engine->tick_ns + noise_ns;
  return (queued > noise_ns ? queued : 0) + stalled + (overdue ? now_ns - engine->tick_ns : 0);
}

double probe_delay(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  const struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  bool flies = slot->generation == generation && slot->state != PROBE_IDLE;
  double delay = flies ? (double)delay_of(engine, slot, monotonic_ns()) / 1e6 : -1;
  pthread_mutex_unlock(&engine->lock);
  return delay;
}

static void fail(struct finding *finding, const char *syscall, int error) {
  finding->event = PROBE_FAILED;
  finding->syscall = syscall;
  finding->value = error;
}

static void report(struct probe_engine *engine, uint32_t index, const struct finding *finding) {
  struct probe_slot *slot = &engine->slots[index];
  slot->event = finding->event;
  slot->value = finding->value;
  slot->syscall = finding->syscall;
  slot->ended_ns = finding->now_ns;
  slot->delayed_ns = delay_of(engine, slot, finding->now_ns);
  if (finding->event == PROBE_BYTES) {
    slot->paused = true;
    slot->bytes_at = engine->received_used;
    memcpy(engine->received + engine->received_used, finding->bytes, (size_t)finding->value);
    engine->received_used += (size_t)finding->value;
  }
  if (engine->reports.count == 0) engine->reports_since_ns = finding->now_ns;
  if (!slot->reported) push_slot(&engine->reports, index);
  slot->reported = true;
}

// The end of a busy time: the socket is closed if that was the end, or if JavaScript wants it closed.
static void write_down(struct probe_engine *engine, uint32_t index, const struct finding *finding) {
  int fd = -1;
  pthread_mutex_lock(&engine->lock);
  struct probe_slot *slot = &engine->slots[index];
  slot->busy = false;
  slot->state = finding->state;
  slot->request += finding->sent;
  slot->unsent -= finding->sent;
  if (slot->unsent == 0) {
    drop_block(engine, slot->block);
    slot->block = NULL;
  }
  if (finding->may_read) engine->received_reserved -= PROBE_CHUNK_BYTES;
  if (slot->closing) {
    fd = detach_probe(engine, slot);
  } else if (finding->event != PROBE_NOTHING) {
    if (finding->event != PROBE_BYTES) fd = detach_probe(engine, slot);
    report(engine, index, finding);
  }
  pthread_mutex_unlock(&engine->lock);
  close_socket(fd);
}

// Closed by a reset, as HAProxy's checks are: no TIME_WAIT is left on either side.
static bool set_options(int fd, bool has_request) {
  const struct linger reset = {.l_onoff = 1, .l_linger = 0};
  const int off = 0;
  if (setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset) != 0) return false;
  // The request follows at once and acknowledges the handshake: one packet less.
  return !has_request || setsockopt(fd, IPPROTO_TCP, TCP_QUICKACK, &off, sizeof off) == 0;
}

static socklen_t address_length(const union probe_address *address) {
  return address->any.sa_family == AF_INET ? sizeof address->v4 : sizeof address->v6;
}

// The descriptor on its way, or -1 with what was refused in the finding.
static int connect_socket(const struct probe_start *start, struct finding *finding) {
  struct socket_request request;
  struct failure failure;
  int own = -1;

  request.family = start->target.any.sa_family;
  request.type = SOCK_STREAM;
  request.protocol = 0;
  request.in_netns = false; // the thread is there already
  request.has_source = start->has_source != 0;
  request.source.length = address_length(&start->source);
  memcpy(&request.source.v6, &start->source, sizeof start->source);
  int fd = create_socket(&request, &own, &failure);
  if (fd >= 0) fd = bind_source(fd, &request, &failure);
  if (fd >= 0 && !set_options(fd, start->request_bytes > 0)) fd = abandon_socket(fd, "setsockopt", &failure);
  if (fd >= 0 && connect(fd, &start->target.any, address_length(&start->target)) != 0 &&
      errno != EINPROGRESS) {
    fd = abandon_socket(fd, "connect", &failure);
  }
  if (fd < 0) fail(finding, failure.syscall, failure.error);
  return fd;
}

// Under the lock; false when the run is not wanted any more.
static bool take_slot(struct probe_engine *engine, const struct probe_start *start, struct probe_block *block,
                      int *left_over) {
  struct probe_slot *slot = &engine->slots[start->slot];
  if ((int32_t)(start->generation - slot->dead) <= 0) {
    drop_block(engine, block);
    return false;
  }
  *left_over = detach_probe(engine, slot); // -1 for whoever closes before starting again
  slot->generation = start->generation;
  slot->state = PROBE_CONNECTING;
  engine->in_flight++;
  slot->busy = true;
  slot->paused = false;
  slot->event = PROBE_NOTHING;
  slot->started_ns = monotonic_ns();
  slot->queued_ns = block->queued_ns;
  slot->stalled_before_ns = engine->stalled_ns;
  slot->block = block;
  slot->request = (const uint8_t *)(start + 1);
  slot->unsent = start->request_bytes;
  return true;
}

// Only the engine's thread begins, so that no run of the same slot is busy there. `refused`: the namespace.
void begin_probe(struct probe_engine *engine, const struct probe_start *start, struct probe_block *block,
                 const struct failure *refused) {
  struct finding finding = {.state = PROBE_CONNECTING};
  uint32_t index = start->slot;
  int left_over = -1;

  pthread_mutex_lock(&engine->lock);
  bool wanted = take_slot(engine, start, block, &left_over);
  struct probe_slot *slot = &engine->slots[index];
  uint64_t id = (uint64_t)slot->generation << 32 | index;
  pthread_mutex_unlock(&engine->lock);
  close_socket(left_over);
  if (!wanted) return;
  if (refused != NULL) {
    fail(&finding, refused->syscall, refused->error);
  } else {
    slot->fd = connect_socket(start, &finding);
    struct epoll_event events = {.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET, .data.u64 = id};
    if (slot->fd >= 0 && epoll_ctl(engine->epoll, EPOLL_CTL_ADD, slot->fd, &events) != 0) {
      fail(&finding, "epoll_ctl", errno);
    }
  }
  finding.now_ns = monotonic_ns();
  write_down(engine, index, &finding);
}

static int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static void send_request(const struct probe_slot *slot, struct finding *finding) {
  ssize_t sent = send(slot->fd, slot->request, slot->unsent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    finding->sent = (size_t)sent;
  } else if (errno != EAGAIN) {
    fail(finding, "send", errno);
  }
}

static void receive(const struct probe_slot *slot, struct finding *finding) {
  ssize_t length = recv(slot->fd, finding->bytes, PROBE_CHUNK_BYTES, MSG_DONTWAIT);
  if (length > 0) {
    finding->event = PROBE_BYTES;
    finding->value = (int)length;
  } else if (length == 0) {
    finding->event = PROBE_CLOSED;
  } else if (errno != EAGAIN) {
    fail(finding, "recv", errno);
  }
}

static void look_at_connecting(const struct probe_slot *slot, uint32_t events, struct finding *finding) {
  if ((events & (EPOLLOUT | EPOLLERR | EPOLLHUP)) == 0) return;
  int error = (events & (EPOLLERR | EPOLLHUP)) != 0 ? socket_error(slot->fd) : 0;
  if (error != 0) {
    fail(finding, "connect", error);
    return;
  }
  finding->state = PROBE_CONNECTED;
  if (slot->unsent == 0) {
    finding->event = PROBE_REACHED;
  } else {
    send_request(slot, finding);
  }
}

static void look_at_connected(const struct probe_slot *slot, uint32_t events, struct finding *finding) {
  const uint32_t readable = EPOLLIN | EPOLLRDHUP | EPOLLERR | EPOLLHUP;
  // Read first: what a server said before it broke the connection counts.
  if ((events & readable) != 0 && finding->may_read) receive(slot, finding);
  bool over = finding->event != PROBE_NOTHING && finding->event != PROBE_BYTES;
  if (!over && slot->unsent > 0 && (events & EPOLLOUT) != 0) {
    struct finding sending = {.event = PROBE_NOTHING};
    send_request(slot, &sending);
    finding->sent = sending.sent;
    // With bytes to judge first, the error is found again when they are judged.
    if (sending.event == PROBE_FAILED && finding->event == PROBE_NOTHING) {
      fail(finding, sending.syscall, sending.value);
    }
  }
}

// Under the lock. Whether the calling thread may now work on that run's socket.
static bool claim(struct probe_engine *engine, uint32_t index, uint32_t generation, struct finding *finding) {
  struct probe_slot *slot = &engine->slots[index];
  if (slot->generation != generation || slot->state == PROBE_IDLE || slot->busy) return false;
  bool wants_bytes = slot->state == PROBE_CONNECTED && !slot->paused;
  finding->state = slot->state;
  finding->may_read = wants_bytes && reserve_chunk(engine);
  slot->busy = true;
  if (!wants_bytes || finding->may_read || slot->listed) return true;
  // No room: read when something was taken.
  slot->listed = true;
  push_slot(&engine->again, index);
  return true;
}

static uint32_t poll_socket(int fd) {
  struct pollfd socket = {.fd = fd, .events = POLLIN | POLLOUT | POLLRDHUP};
  // The values of poll are those of epoll.
  return poll(&socket, 1, 0) > 0 ? (uint32_t)socket.revents : 0;
}

void look_at_probe(struct probe_engine *engine, uint32_t index, uint32_t generation, uint32_t events,
                   uint64_t now_ns) {
  uint8_t bytes[PROBE_CHUNK_BYTES];
  struct finding finding = {.now_ns = now_ns, .bytes = bytes};
  const struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  bool claimed = claim(engine, index, generation, &finding);
  pthread_mutex_unlock(&engine->lock);
  if (!claimed) return;
  if (events == 0) events = poll_socket(slot->fd);
  if (finding.state == PROBE_CONNECTING) {
    look_at_connecting(slot, events, &finding);
  } else {
    look_at_connected(slot, events, &finding);
  }
  write_down(engine, index, &finding);
}

int settle_probe(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  const struct probe_slot *slot = &engine->slots[index];
  look_at_probe(engine, index, generation, 0, monotonic_ns());
  pthread_mutex_lock(&engine->lock);
  int state = slot->generation == generation ? (int)slot->state : -1;
  pthread_mutex_unlock(&engine->lock);
  return state;
}

void close_probe(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  struct probe_slot *slot = &engine->slots[index];
  int fd = -1;
  pthread_mutex_lock(&engine->lock);
  slot->dead = generation;
  if (slot->generation == generation) {
    slot->event = PROBE_NOTHING;
    if (slot->busy) {
      slot->closing = true;
    } else if (slot->state != PROBE_IDLE) {
      fd = detach_probe(engine, slot);
    }
  }
  pthread_mutex_unlock(&engine->lock);
  close_socket(fd);
}

void resume_probe(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  bool waits = slot->generation == generation && slot->state == PROBE_CONNECTED && slot->paused;
  if (waits) {
    slot->paused = false;
    if (!slot->listed) push_slot(&engine->again, index);
    slot->listed = true;
  }
  pthread_mutex_unlock(&engine->lock);
  if (waits) wake_engine(engine);
}
