// Echoes in the probe engine: the raw sockets that they share, and the messages that came for them. What a
// message means is not known here. Knows nothing of JavaScript.
#ifndef MAGLEV_PROBE_ENGINE_ICMP_H
#define MAGLEV_PROBE_ENGINE_ICMP_H

#include <pthread.h>
#include <stdint.h>

#include "socket.h"

struct probe_engine;
struct probe_report;
struct probe_start;

// Where epoll's data has a slot otherwise: this bit, which no slot has, and below it the sockets' number.
static const uint64_t icmp_event = UINT64_C(1) << 31;

enum {
  ICMP_MESSAGE_BYTES = 1536, // read of a message at most: an IPv6 error is at most 1280 bytes (RFC 4443, 2.4)
};

// One for each family, source address and identifier: all their echoes share it.
struct icmp_sockets {
  struct icmp_sockets *next;
  struct socket_request request;
  uint32_t number;
  uint16_t identifier;
  int sender;               // the engine's thread alone
  int receiver;             // -1: not open. Under `reading`
  int64_t dropped_before;   // on receivers that are closed by now. Under `reading`
  int64_t dropped_at_block; // the engine's thread alone: when it began with the starts queued at block_ns
  uint64_t block_ns;
  bool deaf;   // the receiver failed; opened anew for the next echo. Under the lock
  bool unread; // more lies there than had room. Under the lock
};

struct icmp_state {
  // Whoever holds it may read from the receivers, and change which there are. Taken before the engine's lock.
  pthread_mutex_t reading;
  struct icmp_sockets *sockets; // the engine's thread adds; others look only while a run of theirs is begun
  // Under the lock: messages in a row, with their headers, of which the first taken_bytes are taken.
  uint8_t *messages;
  size_t used_bytes;
  size_t taken_bytes;
  uint32_t waiting;
  bool unread; // one of the sockets is
};

// Whether a start's protocol is one of its family, and an echo's message has a sequence number.
bool is_good_echo(const struct probe_start *start);

// Sends the start's message, by the engine's thread; false with the failure.
bool send_echo(struct probe_engine *engine, const struct probe_start *start, struct failure *failure);

// Reads what lies in the sockets, as far as there is room. By the engine's thread, and by one that settles.
void read_echoes(struct probe_engine *engine, struct icmp_sockets *sockets);

// The same by the number in epoll's data, and for those that had no room: the engine's thread alone.
void read_echo_event(struct probe_engine *engine, uint64_t data);
void read_echoes_again(struct probe_engine *engine);

// Under the lock: takes the next message for a run that waits, if its bytes fit; false when there is none.
bool take_message(struct probe_engine *engine, struct probe_report *report, uint8_t *bytes, size_t room);

// Closes the sockets, by the engine's thread: they are of another namespace. Opened anew with the next echo.
void close_echo_sockets(struct probe_engine *engine);

// After the thread's end.
void free_icmp(struct probe_engine *engine);

#endif
