// One probe's connection: begun, looked at, ended. A thread that marked a slot as busy works on its socket
// without the lock, then writes down under it what came of that.
#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

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

// Under the lock. The slot lets go of its socket, which the caller retires outside of it.
struct probe_socket detach_probe(struct probe_engine *engine, struct probe_slot *slot) {
  struct probe_socket socket = slot->socket;
  slot->socket = no_socket;
  slot->icmp = NULL;
  if (slot->state != PROBE_IDLE) engine->in_flight--;
  slot->state = PROBE_IDLE;
  slot->closing = false;
  drop_block(engine, slot->block);
  slot->block = NULL;
  slot->unsent = 0;
  return socket;
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
  if (reports_waiting(engine) == 0) engine->reports_since_ns = finding->now_ns;
  if (!slot->reported) push_slot(&engine->reports, index);
  slot->reported = true;
}

// The end of a busy time: the connection is ended if that was the end, or if JavaScript wants it ended.
static void write_down(struct probe_engine *engine, uint32_t index, const struct finding *finding) {
  struct probe_socket socket = no_socket;
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
  if (finding->event == PROBE_FAILED) slot->socket.reusable = false;
  if (slot->closing) {
    socket = detach_probe(engine, slot);
  } else if (finding->event != PROBE_NOTHING) {
    if (finding->event != PROBE_BYTES) socket = detach_probe(engine, slot);
    report(engine, index, finding);
  }
  pthread_mutex_unlock(&engine->lock);
  retire_socket(engine, socket);
}

// Under the lock; false when the run is not wanted any more.
static bool take_slot(struct probe_engine *engine, const struct probe_start *start, struct probe_block *block,
                      struct probe_socket *left_over) {
  struct probe_slot *slot = &engine->slots[start->slot];
  if ((int32_t)(start->generation - slot->dead) <= 0) {
    drop_block(engine, block);
    return false;
  }
  *left_over = detach_probe(engine, slot); // none for whoever ends before starting again
  slot->socket = take_spare(engine, start);
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

static int socket_error(int fd) {
  int error = 0;
  socklen_t length = sizeof error;
  return getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &length) == 0 ? error : errno;
}

static void send_request(const struct probe_slot *slot, struct finding *finding) {
  ssize_t sent = send(slot->socket.fd, slot->request, slot->unsent, MSG_DONTWAIT | MSG_NOSIGNAL);
  if (sent >= 0) {
    finding->sent = (size_t)sent;
  } else if (errno != EAGAIN) {
    fail(finding, "send", errno);
  }
}

// On a network that is near, the handshake is over when connect returns. What fails now is the connection.
static void speak_at_once(const struct probe_slot *slot, const struct probe_start *start,
                          struct finding *finding) {
  if (slot->unsent > 0) {
    send_request(slot, finding);
    if (finding->event == PROBE_FAILED) finding->syscall = "connect";
    if (finding->sent > 0) finding->state = PROBE_CONNECTED;
    return;
  }
  int error = ask_connected(slot->socket.fd, start);
  if (error == 0) finding->event = PROBE_REACHED;
  if (error == 0) finding->state = PROBE_CONNECTED;
  if (error != 0 && error != EALREADY) fail(finding, "connect", error);
}

// Tells epoll what is waited for, unless nothing is: until bytes are judged or have room nothing is read.
static void wait_for_more(const struct probe_engine *engine, struct probe_slot *slot, uint64_t id,
                          struct finding *finding) {
  bool writing = finding->state == PROBE_CONNECTING || slot->unsent > finding->sent;
  if (finding->event != PROBE_NOTHING || slot->socket.armed) return;
  if (!arm_socket(engine, &slot->socket, id, writing)) fail(finding, "epoll_ctl", errno);
}

static uint64_t run_id(uint32_t index, uint32_t generation) { return (uint64_t)generation << 32 | index; }

// Only the engine's thread begins, so that no run of the same slot is busy there. `refused`: the namespace.
void begin_probe(struct probe_engine *engine, const struct probe_start *start, struct probe_block *block,
                 const struct failure *refused) {
  struct finding finding = {.state = PROBE_CONNECTING};
  uint32_t index = start->slot, generation = start->generation;
  struct probe_socket left_over = no_socket;
  struct failure failure;

  pthread_mutex_lock(&engine->lock);
  bool wanted = take_slot(engine, start, block, &left_over);
  struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_unlock(&engine->lock);
  retire_socket(engine, left_over);
  if (!wanted) return;
  if (refused != NULL) {
    fail(&finding, refused->syscall, refused->error);
  } else if (start->protocol != 0) {
    finding.state = PROBE_CONNECTED;
    finding.sent = start->request_bytes;
    if (!send_echo(engine, start, &failure)) fail(&finding, failure.syscall, failure.error);
  } else if (!connect_socket(engine, start, &slot->socket, &failure)) {
    fail(&finding, failure.syscall, failure.error);
  } else {
    speak_at_once(slot, start, &finding);
    wait_for_more(engine, slot, run_id(index, generation), &finding);
  }
  finding.now_ns = monotonic_ns();
  write_down(engine, index, &finding);
}

static void receive(const struct probe_slot *slot, struct finding *finding) {
  ssize_t length = recv(slot->socket.fd, finding->bytes, PROBE_CHUNK_BYTES, MSG_DONTWAIT);
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
  int error = (events & (EPOLLERR | EPOLLHUP)) != 0 ? socket_error(slot->socket.fd) : 0;
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
static bool claim(struct probe_engine *engine, uint32_t index, uint32_t generation, bool told,
                  struct finding *finding) {
  struct probe_slot *slot = &engine->slots[index];
  if (slot->generation != generation || slot->state == PROBE_IDLE || slot->busy) return false;
  if (told) slot->socket.armed = false;
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
  struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  bool claimed = claim(engine, index, generation, events != 0, &finding);
  pthread_mutex_unlock(&engine->lock);
  if (!claimed) return;
  if (events == 0) events = poll_socket(slot->socket.fd);
  bool connecting = finding.state == PROBE_CONNECTING;
  if (connecting) {
    look_at_connecting(slot, events, &finding);
  } else {
    look_at_connected(slot, events, &finding);
  }
  if (connecting || finding.may_read) wait_for_more(engine, slot, run_id(index, generation), &finding);
  write_down(engine, index, &finding);
}

int settle_probe(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  struct icmp_sockets *icmp = slot->generation == generation ? slot->icmp : NULL;
  pthread_mutex_unlock(&engine->lock);
  if (icmp != NULL) {
    read_echoes(engine, icmp);
  } else {
    look_at_probe(engine, index, generation, 0, monotonic_ns());
  }
  pthread_mutex_lock(&engine->lock);
  int state = slot->generation == generation ? (int)slot->state : -1;
  if (icmp != NULL && icmp->unread) slot->dropped_before = -1; // as if lost: nobody has looked at all
  pthread_mutex_unlock(&engine->lock);
  return state;
}

void close_probe(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  struct probe_slot *slot = &engine->slots[index];
  struct probe_socket socket = no_socket;
  pthread_mutex_lock(&engine->lock);
  slot->dead = generation;
  if (slot->generation == generation) {
    slot->event = PROBE_NOTHING;
    if (slot->busy) {
      slot->closing = true;
    } else if (slot->state != PROBE_IDLE) {
      socket = detach_probe(engine, slot);
    }
  }
  pthread_mutex_unlock(&engine->lock);
  retire_socket(engine, socket);
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
