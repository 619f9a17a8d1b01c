// The floor of the bench: probes of one kind at a fixed interval by the plainest loop that does them, to show
// what the kernel alone costs. It keeps no health, no schedule but its own, and tells nobody.
#ifndef MAGLEV_BENCH_FLOOR_H
#define MAGLEV_BENCH_FLOOR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

struct target {
  struct sockaddr_in address;
  int fd;            // -1: no probe is under way
  bool sent;         // streams: the request is on its way
  bool pending;      // echoes: no reply yet
  uint64_t begun_ns; // of the present probe, or the last one
  uint64_t took_ns;
};

struct floor {
  struct target *targets;
  uint32_t count;
  int epoll;
  const char *request; // NULL: to be connected is enough
  uint64_t passed;
  uint64_t failed;
};

// Each kind starts the probes of some targets in a row, and looks at what epoll found.
struct kind {
  void (*open)(struct floor *floor);
  void (*begin)(struct floor *floor, uint32_t first, uint32_t count, uint64_t now_ns);
  void (*look)(struct floor *floor, uint32_t index, uint32_t events, uint64_t now_ns);
};

extern const struct kind stream_kind;
extern const struct kind echo_kind;

// Ends the program with what errno says.
_Noreturn void give_up(const char *what);

#endif
