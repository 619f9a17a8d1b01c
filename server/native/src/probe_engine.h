// The probe engine: plain TCP connections and echoes of probes on a thread of their own. It connects, sends
// given bytes, hands over what comes and measures times; it knows no meaning, no policy, and no JavaScript.
#ifndef MAGLEV_PROBE_ENGINE_H
#define MAGLEV_PROBE_ENGINE_H

#include <pthread.h>
#include <sys/types.h>

#include "probe_engine_icmp.h"
#include "socket.h"

enum {
  PROBE_CHUNK_BYTES = 16 * 1024, // handed over in one report at most
  PROBE_SPARES_MAX = 256,        // sockets kept for the next probes
  PROBE_IDLE_MS = 1000,          // with nothing in flight for so long, none is kept
};

// Not started is idle as well.
enum probe_state { PROBE_IDLE, PROBE_CONNECTING, PROBE_CONNECTED };

// All but bytes are the end: the connection is ended by then.
enum probe_event { PROBE_NOTHING, PROBE_REACHED, PROBE_BYTES, PROBE_CLOSED, PROBE_FAILED };

// One start as it comes from JavaScript, then the request, then padding to a multiple of 8. No request: it
// is enough to be connected. An echo's request is its message; what comes for its sequence number is for the
// slot that is the remainder of that by the count of slots.
struct probe_start {
  uint32_t slot;
  uint32_t generation;
  uint32_t request_bytes;
  uint8_t has_source;
  uint8_t protocol;    // 0: TCP; or of ICMP
  uint16_t identifier; // of ICMP, in host order: what the socket hears
  union probe_address {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  } target, source;
};

// Starts handed over together. Lives until the last of their requests is sent or given up.
struct probe_block {
  struct probe_block *next;
  uint64_t queued_ns;
  size_t length;
  size_t at; // of the next start
  size_t holders;
  uint64_t bytes[];
};

// A socket and what is known of it.
struct probe_socket {
  int fd;          // -1: none
  uint32_t stay;   // the thread's stay in a namespace in which it was made
  uint16_t family;
  bool reusable;   // nothing is left of its probe once that has ended
  bool registered; // known to epoll
  bool armed;      // epoll will tell of it, once
};

// Where a probe is. All fields are the lock's, save what `busy` gives to one thread.
struct probe_slot {
  uint32_t generation; // of the present run, or the last one
  uint32_t dead;       // runs up to this generation are wanted by nobody
  struct probe_socket socket;
  enum probe_state state;
  bool busy;     // a thread works on the socket without the lock: nobody else may close it
  bool closing;  // to be closed by the thread that is busy with it
  bool paused;   // bytes were handed over; nothing is read before they are judged
  bool reported; // stands in the ring of reports
  bool listed;   // stands in the ring of those to be read again
  uint64_t started_ns;
  uint64_t queued_ns;
  uint64_t stalled_before_ns; // the engine's sum at its start
  struct probe_block *block;
  const uint8_t *request; // the rest that is not sent yet
  size_t unsent;
  struct icmp_sockets *icmp; // of an echo; it has no socket of its own
  int64_t dropped_before;    // by them; -1: not all that came could be looked at
  uint16_t sequence;
  // The report.
  enum probe_event event;
  int value; // PROBE_BYTES: how many; PROBE_FAILED: errno
  const char *syscall;
  uint64_t ended_ns;
  uint64_t delayed_ns;
  size_t bytes_at; // in the engine's memory for bytes
};

// Slots in a row, each at most once.
struct probe_ring {
  uint32_t *slots;
  uint32_t capacity;
  uint32_t first;
  uint32_t count;
};

struct probe_limits {
  uint32_t slots;
  size_t received_bytes; // that wait to be taken
  size_t started_bytes;  // of starts whose request is not sent yet
  uint32_t wake_delay_ms;    // results that come within it wake JavaScript once
  uint32_t tick_ms;          // the thread looks at least this often while probes are in flight
  uint32_t noise_ms;         // a look that is late by less is not late
  int icmp_buffer_bytes;     // asked of the kernel for each raw socket
  size_t icmp_waiting_bytes; // of messages that wait to be taken
};

struct probe_engine {
  struct probe_limits limits;
  void (*tell)(void *context); // from the thread: there is something to take
  void *context;
  bool in_netns;
  char netns_path[PATH_MAX];
  pthread_t thread;
  int epoll;
  int wake;
  // The thread's own: the namespace that it came from, and that it is in once it has entered one.
  int home;
  bool entered;
  dev_t netns_device;
  ino_t netns_inode;

  pthread_mutex_t lock; // of everything below; held for no system call
  bool stopping;
  bool told;
  uint32_t in_flight;
  // How long the thread was away when it should have looked; see stall-meter.ts, which does the same.
  uint64_t tick_ns; // when it looks at the latest; 0: nothing is in flight
  uint64_t stalled_ns;
  struct probe_slot *slots;
  struct probe_socket spares[PROBE_SPARES_MAX]; // disconnected; the last ones are used first
  uint32_t spare_count;
  uint32_t stay; // in a namespace, counted; written by the thread alone
  struct probe_ring reports;
  struct probe_ring again;
  uint64_t reports_since_ns; // of the first report that waits
  uint8_t *received;
  size_t received_used;
  size_t received_reserved; // for reads that are under way
  struct probe_block *first_block;
  struct probe_block *last_block;
  size_t block_bytes;
  struct icmp_state icmp; // says itself what is whose
};

// What take_report gives.
struct probe_report {
  uint32_t slot;
  uint32_t generation;
  enum probe_event event;
  int value;
  const char *syscall;
  double elapsed_ms; // from before connect to when the thread saw the end, or the kernel got the message
  double delayed_ms; // how much the engine itself was late for the run until then
};

// Starts the thread; false with the failure and nothing kept.
bool open_engine(struct probe_engine *engine, struct failure *failure);

// Ends the thread, closes every socket and gives all memory back.
void close_engine(struct probe_engine *engine);

// Whether the bytes are whole starts for slots that there are.
bool are_starts(const struct probe_engine *engine, const uint8_t *bytes, size_t length);

// Hands over starts that were checked; false when there is no room for them.
bool add_starts(struct probe_engine *engine, const uint8_t *bytes, size_t length);

// Takes the first report whose bytes fit; false when there is none.
bool take_report(struct probe_engine *engine, struct probe_report *report, uint8_t *bytes, size_t room);

// After the last take: the thread may report again, and read what had no room.
void end_taking(struct probe_engine *engine);

// Looks at the socket from the calling thread, so that what lies in it already is reported however far behind
// the engine's thread is. Only before close_probe. Gives the state; -1 when the run has not begun.
int settle_probe(struct probe_engine *engine, uint32_t slot, uint32_t generation);

// How late the engine itself was for a run that is in flight, in milliseconds; -1 when the run is not.
double probe_delay(struct probe_engine *engine, uint32_t slot, uint32_t generation);

// Ends a run, begun or not; nothing is reported for it any more. Without effect when it is over.
void close_probe(struct probe_engine *engine, uint32_t slot, uint32_t generation);

// Whether messages for that echo may have been lost here since its start, for want of room.
bool lost_replies(struct probe_engine *engine, uint32_t slot, uint32_t generation);

// More bytes are wanted.
void resume_probe(struct probe_engine *engine, uint32_t slot, uint32_t generation);

// For the files of the engine.

// probe_engine_slot.c: what one thread at a time does with one slot
void begin_probe(struct probe_engine *engine, const struct probe_start *start, struct probe_block *block,
                 const struct failure *refused);
// `events` as epoll gives them; 0: ask the socket
void look_at_probe(struct probe_engine *engine, uint32_t slot, uint32_t generation, uint32_t events,
                   uint64_t now_ns);
struct probe_socket detach_probe(struct probe_engine *engine, struct probe_slot *slot);
uint64_t monotonic_ns(void);
uint64_t delay_of(const struct probe_engine *engine, const struct probe_slot *slot, uint64_t now_ns);

// probe_engine_socket.c
extern const struct probe_socket no_socket;
void close_socket(int fd);
struct probe_socket take_spare(struct probe_engine *engine, const struct probe_start *start);
void retire_socket(struct probe_engine *engine, struct probe_socket socket);
void drop_spares(struct probe_engine *engine);
bool arm_socket(const struct probe_engine *engine, struct probe_socket *socket, uint64_t id, bool writing);
bool connect_socket(const struct probe_engine *engine, const struct probe_start *start,
                    struct probe_socket *socket, struct failure *failure);
socklen_t address_length(const union probe_address *address);
int ask_connected(int fd, const struct probe_start *start);

// probe_engine_queue.c: rings, blocks and memory, all under the lock
bool open_queues(struct probe_engine *engine);
void free_queues(struct probe_engine *engine);
uint32_t reports_waiting(const struct probe_engine *engine);
void push_slot(struct probe_ring *ring, uint32_t slot);
uint32_t pop_slot(struct probe_ring *ring);
const struct probe_start *next_start(struct probe_engine *engine, struct probe_block **block);
void drop_block(struct probe_engine *engine, struct probe_block *block);
bool reserve_chunk(struct probe_engine *engine);

// probe_engine_thread.c
void wake_engine(const struct probe_engine *engine);
void *run_engine(void *engine);

#endif
