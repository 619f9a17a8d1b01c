// The engine's thread: one epoll for all its probes, in one network namespace.
#include <errno.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "probe_engine.h"

enum {
  EVENTS_PER_TURN = 256,
  STARTS_PER_TURN = 32, // between two looks at the events, so that their times stay true
  REPORTS_PER_WAKE = 128,
  STACK_BYTES = 256 * 1024,
};

// Marks the eventfd among the events; no slot has this number.
static const uint64_t wake_id = UINT32_MAX;

void wake_engine(const struct probe_engine *engine) {
  const uint64_t one = 1;
  // Fails only when the counter is full: then the thread is woken already.
  ssize_t written = write(engine->wake, &one, sizeof one);
  (void)written;
}

static bool refuse(struct failure *failure, const char *syscall) {
  *failure = (struct failure){.syscall = syscall, .error = errno};
  return false;
}

static bool enter(struct probe_engine *engine, struct failure *failure) {
  struct stat own;
  if (!enter_netns(engine->netns_path, &engine->home, failure)) return false;
  if (stat("/proc/thread-self/ns/net", &own) != 0) return refuse(failure, "open");
  engine->entered = true;
  engine->netns_device = own.st_dev;
  engine->netns_inode = own.st_ino;
  return true;
}

// The name is looked up for each batch: a namespace made anew under it counts at once. The thread itself
// keeps the one that it is in alive, so that no other can have the same inode meanwhile; one whose name is
// gone it leaves, so that it can end.
static bool stay_in_netns(struct probe_engine *engine, struct failure *failure) {
  struct stat named;
  if (!engine->in_netns) return true;
  bool exists = stat(engine->netns_path, &named) == 0 || refuse(failure, "open");
  bool same = exists && named.st_dev == engine->netns_device && named.st_ino == engine->netns_inode;
  if (engine->entered && same) return true;
  drop_spares(engine);
  if (engine->entered) leave_netns(engine->home);
  close_echo_sockets(engine); // those of the one that was left
  engine->entered = false;
  return exists && enter(engine, failure);
}

static const struct probe_start *take_start(struct probe_engine *engine, struct probe_block **block) {
  pthread_mutex_lock(&engine->lock);
  const struct probe_start *start = next_start(engine, block);
  pthread_mutex_unlock(&engine->lock);
  return start;
}

static void begin_some(struct probe_engine *engine) {
  struct failure failure;
  struct probe_block *block = NULL;
  const struct probe_start *start = take_start(engine, &block);
  if (start == NULL) return;
  const struct failure *refused = stay_in_netns(engine, &failure) ? NULL : &failure;
  for (int left = STARTS_PER_TURN; start != NULL; start = --left > 0 ? take_start(engine, &block) : NULL) {
    begin_probe(engine, start, block, refused);
  }
}

// Those that had no room, and those of which more is wanted. One that has no room again is put back.
static void read_again(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  uint32_t left = engine->again.count;
  pthread_mutex_unlock(&engine->lock);
  for (; left > 0; left--) {
    pthread_mutex_lock(&engine->lock);
    uint32_t index = pop_slot(&engine->again);
    uint32_t generation = engine->slots[index].generation;
    engine->slots[index].listed = false;
    pthread_mutex_unlock(&engine->lock);
    look_at_probe(engine, index, generation, 0, monotonic_ns());
  }
}

// A look that comes too late counts as time away. Plans the next one while something is in flight.
static void count_stall(struct probe_engine *engine, uint64_t now_ns) {
  const struct probe_limits *limits = &engine->limits;
  pthread_mutex_lock(&engine->lock);
  uint64_t tick_ns = engine->tick_ns;
  if (tick_ns != 0 && now_ns > tick_ns + limits->noise_ms * 1000000u) engine->stalled_ns += now_ns - tick_ns;
  if (engine->in_flight == 0) {
    engine->tick_ns = 0;
  } else if (now_ns >= tick_ns) {
    engine->tick_ns = now_ns + limits->tick_ms * 1000000u;
  }
  pthread_mutex_unlock(&engine->lock);
}

// Under the lock. Until the next planned look, in milliseconds; -1: none is planned.
static int tick_wait(const struct probe_engine *engine, uint64_t now_ns) {
  if (engine->tick_ns == 0) return -1;
  return now_ns >= engine->tick_ns ? 0 : (int)((engine->tick_ns - now_ns) / 1000000u) + 1;
}

// Tells JavaScript unless it was told, or may be told together with what comes within the next moment. Gives
// how long epoll may wait, in milliseconds.
static int tell_or_wait(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  bool has_starts = engine->first_block != NULL;
  uint32_t count = reports_waiting(engine);
  uint64_t now_ns = monotonic_ns();
  int wait_ms = tick_wait(engine, now_ns);
  if (wait_ms < 0 && engine->spare_count > 0) wait_ms = PROBE_IDLE_MS;
  bool tells = false;
  if (count > 0 && !engine->told) {
    // A settled run's report can be a moment younger than this turn's time.
    uint64_t since_ns = engine->reports_since_ns;
    uint64_t waited_ms = now_ns > since_ns ? (now_ns - since_ns) / 1000000u : 0;
    tells = count >= REPORTS_PER_WAKE || waited_ms >= engine->limits.wake_delay_ms;
    int delay_ms = (int)(engine->limits.wake_delay_ms - waited_ms);
    if (!tells && (wait_ms < 0 || delay_ms < wait_ms)) wait_ms = delay_ms;
    engine->told = tells;
  }
  pthread_mutex_unlock(&engine->lock);
  if (tells) engine->tell(engine->context);
  return has_starts ? 0 : wait_ms;
}

static bool is_stopping(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  bool stopping = engine->stopping;
  pthread_mutex_unlock(&engine->lock);
  return stopping;
}

void *run_engine(void *data) {
  struct probe_engine *engine = data;
  struct epoll_event events[EVENTS_PER_TURN];
  uint64_t counter;
  while (!is_stopping(engine)) {
    int wait_ms = tell_or_wait(engine);
    int count = epoll_wait(engine->epoll, events, EVENTS_PER_TURN, wait_ms);
    uint64_t now_ns = monotonic_ns();
    if (count == 0 && wait_ms == PROBE_IDLE_MS) drop_spares(engine);
    count_stall(engine, now_ns);
    for (int i = 0; i < count; i++) {
      uint64_t id = events[i].data.u64;
      if (id == wake_id) {
        ssize_t length = read(engine->wake, &counter, sizeof counter);
        (void)length; // it only has to be empty
      } else if ((id & icmp_event) != 0) {
        read_echo_event(engine, id);
      } else {
        look_at_probe(engine, (uint32_t)id, (uint32_t)(id >> 32), events[i].events, now_ns);
      }
    }
    read_again(engine);
    read_echoes_again(engine);
    begin_some(engine);
    count_stall(engine, monotonic_ns());
  }
  return NULL;
}

// Without the process's signals: those are Node's.
static int start_thread(struct probe_engine *engine) {
  sigset_t all, before;
  pthread_attr_t attributes;
  sigfillset(&all);
  int error = pthread_attr_init(&attributes);
  if (error != 0) return error;
  error = pthread_attr_setstacksize(&attributes, STACK_BYTES);
  pthread_sigmask(SIG_SETMASK, &all, &before);
  if (error == 0) error = pthread_create(&engine->thread, &attributes, run_engine, engine);
  pthread_sigmask(SIG_SETMASK, &before, NULL);
  pthread_attr_destroy(&attributes);
  if (error == 0) pthread_setname_np(engine->thread, "maglev-probes");
  return error;
}

static bool open_descriptors(struct probe_engine *engine, struct failure *failure) {
  struct epoll_event event = {.events = EPOLLIN, .data.u64 = wake_id};
  engine->epoll = epoll_create1(EPOLL_CLOEXEC);
  if (engine->epoll < 0) return refuse(failure, "epoll_create1");
  engine->wake = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (engine->wake < 0) return refuse(failure, "eventfd");
  return epoll_ctl(engine->epoll, EPOLL_CTL_ADD, engine->wake, &event) == 0 || refuse(failure, "epoll_ctl");
}

static void free_engine(struct probe_engine *engine) {
  close_socket(engine->home);
  close_socket(engine->wake);
  close_socket(engine->epoll);
  free_icmp(engine);
  free_queues(engine);
  pthread_mutex_destroy(&engine->lock);
}

bool open_engine(struct probe_engine *engine, struct failure *failure) {
  engine->home = -1;
  engine->epoll = -1;
  engine->wake = -1;
  *failure = (struct failure){.syscall = "pthread_mutex_init"};
  failure->error = pthread_mutex_init(&engine->lock, NULL);
  if (failure->error != 0) return false;
  failure->error = pthread_mutex_init(&engine->icmp.reading, NULL);
  if (failure->error != 0) {
    pthread_mutex_destroy(&engine->lock);
    return false;
  }
  *failure = (struct failure){.syscall = "malloc", .error = ENOMEM};
  bool opened = open_queues(engine) && open_descriptors(engine, failure);
  if (opened) {
    *failure = (struct failure){.syscall = "pthread_create", .error = start_thread(engine)};
    opened = failure->error == 0;
  }
  if (!opened) free_engine(engine);
  return opened;
}

void close_engine(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  engine->stopping = true;
  pthread_mutex_unlock(&engine->lock);
  wake_engine(engine);
  pthread_join(engine->thread, NULL);
  drop_spares(engine);
  for (uint32_t i = 0; i < engine->limits.slots; i++) {
    close_socket(detach_probe(engine, &engine->slots[i]).fd);
  }
  free_engine(engine);
}
