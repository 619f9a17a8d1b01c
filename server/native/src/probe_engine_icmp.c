#include "probe_engine.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "icmp_echo.h"
#include "icmp_socket.h"

enum {
  MESSAGES_PER_READ = 32,
  READS_PER_TURN = 256, // more than there are slots, before others get their turn
  ECHO_BYTES_MIN = 8,
  SEQUENCE_AT = 6, // in an echo request
};

// A message that waits to be taken; its bytes follow, then padding to a multiple of 8.
struct icmp_message {
  uint32_t slot;
  uint32_t generation;
  uint32_t length;
  uint32_t unused;
  uint64_t elapsed_ns;
  uint64_t delayed_ns;
};

static size_t message_bytes(size_t length) { return sizeof(struct icmp_message) + (length + 7) / 8 * 8; }

// One read's memory, on the stack of whoever reads.
struct icmp_batch {
  struct mmsghdr headers[MESSAGES_PER_READ];
  struct iovec parts[MESSAGES_PER_READ];
  uint8_t bytes[MESSAGES_PER_READ][ICMP_MESSAGE_BYTES];
  _Alignas(struct cmsghdr) uint8_t controls[MESSAGES_PER_READ][CMSG_SPACE(sizeof(struct timespec))];
};

static uint64_t nanoseconds(const struct timespec *time) {
  return (uint64_t)time->tv_sec * 1000000000u + (uint64_t)time->tv_nsec;
}

bool is_good_echo(const struct probe_start *start) {
  if (start->protocol == 0) return true;
  bool fits = start->protocol == (start->target.any.sa_family == AF_INET ? IPPROTO_ICMP : IPPROTO_ICMPV6);
  return fits && start->request_bytes >= ECHO_BYTES_MIN;
}

// Under `reading`.
static int64_t count_dropped(const struct icmp_sockets *sockets) {
  int64_t now = sockets->receiver < 0 ? 0 : icmp_dropped_count(sockets->receiver);
  return sockets->dropped_before + (now > 0 ? now : 0);
}

static void close_sockets(struct probe_engine *engine, struct icmp_sockets *sockets) {
  pthread_mutex_lock(&engine->icmp.reading);
  int receiver = sockets->receiver;
  sockets->dropped_before = count_dropped(sockets);
  sockets->receiver = -1;
  pthread_mutex_unlock(&engine->icmp.reading);
  close_socket(receiver);
  close_socket(sockets->sender);
  sockets->sender = -1;
}

void close_echo_sockets(struct probe_engine *engine) {
  for (struct icmp_sockets *sockets = engine->icmp.sockets; sockets != NULL; sockets = sockets->next) {
    close_sockets(engine, sockets);
  }
}

void free_icmp(struct probe_engine *engine) {
  close_echo_sockets(engine);
  for (struct icmp_sockets *sockets = engine->icmp.sockets, *next; sockets != NULL; sockets = next) {
    next = sockets->next;
    free(sockets);
  }
  free(engine->icmp.messages);
  pthread_mutex_destroy(&engine->icmp.reading);
}

static bool is_for(const struct icmp_sockets *sockets, const struct probe_start *start) {
  const struct socket_request *request = &sockets->request;
  return sockets->identifier == start->identifier && request->protocol == start->protocol &&
         request->has_source == (start->has_source != 0) &&
         memcmp(&request->source.v6, &start->source, sizeof start->source) == 0;
}

// Those for the start, perhaps not open; NULL when memory is short.
static struct icmp_sockets *find_sockets(struct probe_engine *engine, const struct probe_start *start) {
  struct icmp_state *icmp = &engine->icmp;
  struct icmp_sockets *first = icmp->sockets;
  for (struct icmp_sockets *each = first; each != NULL; each = each->next) {
    if (is_for(each, start)) return each;
  }
  if (icmp->messages == NULL) icmp->messages = malloc(engine->limits.icmp_waiting_bytes);
  struct icmp_sockets *made = calloc(1, sizeof *made);
  if (icmp->messages == NULL || made == NULL) {
    free(made);
    return NULL;
  }
  *made = (struct icmp_sockets){.next = first, .identifier = start->identifier, .sender = -1, .receiver = -1};
  made->number = first == NULL ? 0 : first->number + 1;
  // The thread is in its namespace already.
  made->request.family = start->target.any.sa_family;
  made->request.type = SOCK_RAW;
  made->request.protocol = start->protocol;
  made->request.has_source = start->has_source != 0;
  made->request.source.length = address_length(&start->source);
  memcpy(&made->request.source.v6, &start->source, sizeof start->source);
  icmp->sockets = made;
  return made;
}

static bool open_sender(struct probe_engine *engine, struct icmp_sockets *sockets, struct failure *failure) {
  int own = -1;
  int sender = open_icmp_sender(&sockets->request, engine->limits.icmp_buffer_bytes, &own, failure);
  if (sender < 0) return false;
  close_socket(sockets->sender);
  sockets->sender = sender;
  return true;
}

static bool open_receiver(struct probe_engine *engine, struct icmp_sockets *sockets,
                          struct failure *failure) {
  int bytes = engine->limits.icmp_buffer_bytes;
  int own = -1;
  int receiver = open_icmp_receiver(&sockets->request, sockets->identifier, bytes, &own, failure);
  struct epoll_event events = {.events = EPOLLIN | EPOLLET, .data.u64 = icmp_event | sockets->number};
  if (receiver >= 0 && epoll_ctl(engine->epoll, EPOLL_CTL_ADD, receiver, &events) != 0) {
    receiver = abandon_socket(receiver, "epoll_ctl", failure);
  }
  pthread_mutex_lock(&engine->icmp.reading);
  sockets->receiver = receiver;
  pthread_mutex_unlock(&engine->icmp.reading);
  return receiver >= 0;
}

static bool ensure_open(struct probe_engine *engine, struct icmp_sockets *sockets, struct failure *failure) {
  pthread_mutex_lock(&engine->lock);
  bool deaf = sockets->deaf;
  sockets->deaf = false;
  pthread_mutex_unlock(&engine->lock);
  if (deaf) close_sockets(engine, sockets);
  // Only this thread changes it.
  if (sockets->receiver < 0 && !open_receiver(engine, sockets, failure)) return false;
  return sockets->sender >= 0 || open_sender(engine, sockets, failure);
}

// Asked once for starts that were handed over together.
static void count_before(struct probe_engine *engine, struct icmp_sockets *sockets, uint64_t block_ns) {
  if (sockets->block_ns == block_ns) return;
  pthread_mutex_lock(&engine->icmp.reading);
  sockets->dropped_at_block = count_dropped(sockets);
  pthread_mutex_unlock(&engine->icmp.reading);
  sockets->block_ns = block_ns;
}

// 0 or errno.
static int send_message(const struct icmp_sockets *sockets, const struct probe_start *start) {
  const int flags = MSG_DONTWAIT | MSG_NOSIGNAL;
  const struct sockaddr *target = &start->target.any;
  socklen_t length = address_length(&start->target);
  ssize_t sent = sendto(sockets->sender, start + 1, start->request_bytes, flags, target, length);
  return sent < 0 ? errno : 0;
}

bool send_echo(struct probe_engine *engine, const struct probe_start *start, struct failure *failure) {
  struct probe_slot *slot = &engine->slots[start->slot];
  const uint8_t *message = (const uint8_t *)(start + 1);
  *failure = (struct failure){.syscall = "malloc", .error = ENOMEM};
  struct icmp_sockets *sockets = find_sockets(engine, start);
  if (sockets == NULL || !ensure_open(engine, sockets, failure)) return false;
  count_before(engine, sockets, slot->queued_ns);
  pthread_mutex_lock(&engine->lock);
  slot->icmp = sockets;
  slot->sequence = (uint16_t)(message[SEQUENCE_AT] << 8 | message[SEQUENCE_AT + 1]);
  slot->dropped_before = sockets->dropped_at_block;
  slot->started_ns = monotonic_ns(); // the others of its batch have gone out meanwhile
  pthread_mutex_unlock(&engine->lock);
  int error = send_message(sockets, start);
  // Requests that wait for a neighbour's link address stay on their socket's account for seconds. When silent
  // neighbours have filled it, the rest goes out through a fresh one. (Raw sockets say ENOBUFS to that.)
  if (error == ENOBUFS || error == EAGAIN) {
    if (!open_sender(engine, sockets, failure)) return false;
    error = send_message(sockets, start);
  }
  *failure = (struct failure){.syscall = "send", .error = error};
  return error == 0;
}

// When the kernel got the packet, by the monotonic clock. Its stamp is of the wall clock, which may have been
// set since: then the time is bounded by what is known otherwise.
static uint64_t arrival_ns(struct msghdr *header, uint64_t started_ns, uint64_t wall_ns, uint64_t now_ns) {
  struct timespec stamp;
  const struct cmsghdr *control = CMSG_FIRSTHDR(header);
  bool stamped = control != NULL && control->cmsg_level == SOL_SOCKET &&
                 control->cmsg_type == SCM_TIMESTAMPNS && control->cmsg_len == CMSG_LEN(sizeof stamp);
  if (!stamped) return now_ns;
  memcpy(&stamp, CMSG_DATA(control), sizeof stamp);
  uint64_t stamp_ns = nanoseconds(&stamp);
  uint64_t age_ns = wall_ns > stamp_ns ? wall_ns - stamp_ns : 0;
  return age_ns < now_ns - started_ns ? now_ns - age_ns : started_ns;
}

// Under the lock. The run that waits for a packet about that echo; NULL: none does.
static struct probe_slot *find_run(struct probe_engine *engine, const struct icmp_sockets *sockets,
                                   const uint8_t *packet, size_t length) {
  uint16_t sequence;
  if (!read_echo_sequence(sockets->request.family, packet, length, &sequence)) return NULL;
  struct probe_slot *slot = &engine->slots[sequence % engine->limits.slots];
  bool waits = slot->state != PROBE_IDLE && !slot->closing;
  return waits && slot->icmp == sockets && slot->sequence == sequence ? slot : NULL;
}

// Under the lock, which has room for it.
static void keep_message(struct probe_engine *engine, const struct probe_slot *slot, const uint8_t *packet,
                         size_t length, uint64_t arrived_ns) {
  struct icmp_state *icmp = &engine->icmp;
  const struct icmp_message message = {.slot = (uint32_t)(slot - engine->slots),
                                       .generation = slot->generation,
                                       .length = (uint32_t)length,
                                       .elapsed_ns = arrived_ns - slot->started_ns,
                                       .delayed_ns = delay_of(engine, slot, arrived_ns)};
  if (reports_waiting(engine) == 0) engine->reports_since_ns = monotonic_ns();
  memcpy(icmp->messages + icmp->used_bytes, &message, sizeof message);
  memcpy(icmp->messages + icmp->used_bytes + sizeof message, packet, length);
  icmp->used_bytes += message_bytes(length);
  icmp->waiting++;
}

// Under the lock.
static void keep_batch(struct probe_engine *engine, const struct icmp_sockets *sockets,
                       struct icmp_batch *batch, int count) {
  struct timespec wall;
  clock_gettime(CLOCK_REALTIME, &wall);
  uint64_t wall_ns = nanoseconds(&wall), now_ns = monotonic_ns();
  for (int i = 0; i < count; i++) {
    struct msghdr *header = &batch->headers[i].msg_hdr;
    size_t length = batch->headers[i].msg_len;
    // What is longer than anything that concerns us does not.
    if ((header->msg_flags & MSG_TRUNC) != 0) continue;
    const struct probe_slot *slot = find_run(engine, sockets, batch->bytes[i], length);
    if (slot == NULL) continue;
    keep_message(engine, slot, batch->bytes[i], length,
                 arrival_ns(header, slot->started_ns, wall_ns, now_ns));
  }
}

// Under the lock. How many messages of any size can be kept; notes that there is something when none can.
static size_t message_room(struct probe_engine *engine, struct icmp_sockets *sockets) {
  struct icmp_state *icmp = &engine->icmp;
  size_t room = (engine->limits.icmp_waiting_bytes - icmp->used_bytes) / message_bytes(ICMP_MESSAGE_BYTES);
  sockets->unread = room == 0;
  icmp->unread |= room == 0;
  return room < MESSAGES_PER_READ ? room : MESSAGES_PER_READ;
}

// Count of packets fetched, or -1.
static int receive_batch(int receiver, struct icmp_batch *batch, size_t room) {
  for (size_t i = 0; i < room; i++) {
    batch->parts[i] = (struct iovec){.iov_base = batch->bytes[i], .iov_len = ICMP_MESSAGE_BYTES};
    batch->headers[i].msg_hdr = (struct msghdr){.msg_iov = &batch->parts[i],
                                                .msg_iovlen = 1,
                                                .msg_control = batch->controls[i],
                                                .msg_controllen = sizeof batch->controls[i]};
  }
  return recvmmsg(receiver, batch->headers, (unsigned)room, MSG_DONTWAIT, NULL);
}

// Under `reading`. Whether there may be more to read, and room for it.
static bool read_batch(struct probe_engine *engine, struct icmp_sockets *sockets) {
  struct icmp_batch batch;
  pthread_mutex_lock(&engine->lock);
  size_t room = message_room(engine, sockets);
  pthread_mutex_unlock(&engine->lock);
  if (room == 0 || sockets->receiver < 0) return false;
  int count = receive_batch(sockets->receiver, &batch, room);
  bool deaf = count < 0 && errno != EAGAIN && errno != EINTR;
  pthread_mutex_lock(&engine->lock);
  sockets->deaf |= deaf;
  keep_batch(engine, sockets, &batch, count);
  pthread_mutex_unlock(&engine->lock);
  return count == (int)room;
}

void read_echoes(struct probe_engine *engine, struct icmp_sockets *sockets) {
  int left = READS_PER_TURN;
  pthread_mutex_lock(&engine->icmp.reading);
  while (left > 0 && read_batch(engine, sockets)) left--;
  pthread_mutex_unlock(&engine->icmp.reading);
  if (left > 0) return;
  pthread_mutex_lock(&engine->lock);
  sockets->unread = true;
  engine->icmp.unread = true;
  pthread_mutex_unlock(&engine->lock);
  wake_engine(engine);
}

void read_echo_event(struct probe_engine *engine, uint64_t data) {
  for (struct icmp_sockets *each = engine->icmp.sockets; each != NULL; each = each->next) {
    if ((icmp_event | each->number) == data) read_echoes(engine, each);
  }
}

void read_echoes_again(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  bool unread = engine->icmp.unread;
  engine->icmp.unread = false;
  pthread_mutex_unlock(&engine->lock);
  for (struct icmp_sockets *each = engine->icmp.sockets; unread && each != NULL; each = each->next) {
    read_echoes(engine, each);
  }
}

bool take_message(struct probe_engine *engine, struct probe_report *report, uint8_t *bytes, size_t room) {
  struct icmp_state *icmp = &engine->icmp;
  struct icmp_message message;
  bool taken = false;
  while (icmp->waiting > 0 && !taken) {
    const uint8_t *at = icmp->messages + icmp->taken_bytes;
    memcpy(&message, at, sizeof message);
    if (message.length > room) break;
    const struct probe_slot *slot = &engine->slots[message.slot];
    taken = slot->generation == message.generation && slot->state != PROBE_IDLE && !slot->closing;
    icmp->taken_bytes += message_bytes(message.length);
    icmp->waiting--;
    if (!taken) continue;
    memcpy(bytes, at + sizeof message, message.length);
    *report = (struct probe_report){.slot = message.slot,
                                    .generation = message.generation,
                                    .event = PROBE_BYTES,
                                    .value = (int)message.length,
                                    .elapsed_ms = (double)message.elapsed_ns / 1e6,
                                    .delayed_ms = (double)message.delayed_ns / 1e6};
  }
  if (icmp->waiting == 0) icmp->used_bytes = icmp->taken_bytes = 0;
  return taken;
}

bool lost_replies(struct probe_engine *engine, uint32_t index, uint32_t generation) {
  const struct probe_slot *slot = &engine->slots[index];
  pthread_mutex_lock(&engine->lock);
  struct icmp_sockets *sockets = slot->generation == generation ? slot->icmp : NULL;
  int64_t before = slot->dropped_before;
  pthread_mutex_unlock(&engine->lock);
  if (sockets == NULL) return false;
  pthread_mutex_lock(&engine->icmp.reading);
  bool dropped = count_dropped(sockets) != before;
  pthread_mutex_unlock(&engine->icmp.reading);
  return dropped;
}
