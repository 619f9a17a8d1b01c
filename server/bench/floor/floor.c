// floor KIND COUNT PORT INTERVAL_MS: probes 127.2.0.1 and on for ever. KIND is tcp, http or icmp. It says
// `ready` after as many passes as there are targets, and at SIGUSR2 how many passed and failed.
#include <arpa/inet.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#include "floor.h"

enum {
  EVENTS_PER_TURN = 256,
  TICK_MS = 20, // probes of one tick start together, as maglevd's do
  FIRST_ADDRESS = 0x7f020001,
};

static const char request_text[] =
    "GET / HTTP/1.1\r\nHost: 127.2.0.1:8080\r\nUser-Agent: maglev-floor\r\nConnection: close\r\n\r\n";
static volatile sig_atomic_t asked;

static void on_signal(int number) {
  (void)number;
  asked = 1;
}

void give_up(const char *what) {
  fprintf(stderr, "floor: %s: %s\n", what, strerror(errno));
  exit(1);
}

static uint64_t monotonic_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void say(const struct floor *floor, bool *said_ready) {
  if (!*said_ready && floor->passed >= floor->count) {
    puts("ready");
    *said_ready = true;
  }
  if (asked) {
    asked = 0;
    printf("%" PRIu64 " passed, %" PRIu64 " failed\n", floor->passed, floor->failed);
  }
  fflush(stdout);
}

// For ever: what is due, then what has come, until the next tick.
static void run(struct floor *floor, const struct kind *kind, uint64_t interval_ns) {
  struct epoll_event events[EVENTS_PER_TURN];
  const uint64_t tick_ns = TICK_MS * 1000000u;
  const uint64_t start_ns = monotonic_ns();
  uint64_t begun = 0; // probes since the start
  uint64_t next_ns = start_ns;
  bool said_ready = false;
  for (;;) {
    uint64_t now_ns = monotonic_ns();
    if (now_ns >= next_ns) {
      uint64_t due = (now_ns - start_ns) / tick_ns * tick_ns * floor->count / interval_ns;
      while (begun < due) {
        uint32_t first = (uint32_t)(begun % floor->count);
        uint32_t left = floor->count - first;
        uint32_t some = due - begun < left ? (uint32_t)(due - begun) : left;
        kind->begin(floor, first, some, now_ns);
        begun += some;
      }
      next_ns = start_ns + ((now_ns - start_ns) / tick_ns + 1) * tick_ns;
      now_ns = monotonic_ns();
    }
    int wait_ms = now_ns >= next_ns ? 0 : (int)((next_ns - now_ns) / 1000000u) + 1;
    int found = epoll_wait(floor->epoll, events, EVENTS_PER_TURN, wait_ms);
    now_ns = monotonic_ns();
    for (int i = 0; i < found; i++) kind->look(floor, events[i].data.u32, events[i].events, now_ns);
    if (asked || !said_ready) say(floor, &said_ready);
  }
}

static struct target *create_targets(uint32_t count, uint16_t port) {
  struct target *targets = calloc(count, sizeof *targets);
  if (targets == NULL) give_up("calloc");
  for (uint32_t i = 0; i < count; i++) {
    targets[i].fd = -1;
    targets[i].address.sin_family = AF_INET;
    targets[i].address.sin_port = htons(port);
    targets[i].address.sin_addr.s_addr = htonl(FIRST_ADDRESS + i);
  }
  return targets;
}

int main(int argc, char **argv) {
  if (argc != 5) {
    fputs("usage: floor tcp|http|icmp COUNT PORT INTERVAL_MS\n", stderr);
    return 2;
  }
  uint32_t count = (uint32_t)strtoul(argv[2], NULL, 10);
  struct floor floor = {.targets = create_targets(count, (uint16_t)atoi(argv[3])), .count = count};
  const struct kind *kind = strcmp(argv[1], "icmp") == 0 ? &echo_kind : &stream_kind;
  if (strcmp(argv[1], "http") == 0) floor.request = request_text;
  const struct sigaction action = {.sa_handler = on_signal};
  sigaction(SIGUSR2, &action, NULL);
  floor.epoll = epoll_create1(EPOLL_CLOEXEC);
  if (floor.epoll < 0) give_up("epoll_create1");
  kind->open(&floor);
  run(&floor, kind, strtoull(argv[4], NULL, 10) * 1000000u);
}
