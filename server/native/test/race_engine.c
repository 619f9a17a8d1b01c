// The probe engine without Node, under ThreadSanitizer: its own thread beside one that starts, settles, ends,
// resumes and takes at random, as JavaScript's does. Exits with 0 when nothing was told for a run that had
// ended. build/race_engine [actions]
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe_engine.h"

enum { SLOTS = 64, SERVERS = 3 };

struct request {
  struct probe_start start;
  char text[24];
};

struct player {
  struct probe_engine engine;
  struct sockaddr_in server;
  uint32_t generations[SLOTS];
  bool live[SLOTS];
  long counts[PROBE_FAILED + 1];
};

static void *serve(void *data) {
  const int *listener = data;
  char bytes[4096];
  for (;;) {
    int fd = accept(*listener, NULL, NULL);
    if (fd < 0) return NULL;
    if (recv(fd, bytes, sizeof bytes, 0) > 0) {
      ssize_t sent = send(fd, "HTTP/1.1 200 OK\r\n\r\n", 19, MSG_NOSIGNAL);
      (void)sent; // the engine may have left
    }
    close(fd);
  }
}

static void ignore(void *context) { (void)context; }

static void start(struct player *player, uint32_t slot) {
  struct request request = {.text = "GET / HTTP/1.1\r\n\r\n"};
  request.start.slot = slot;
  request.start.generation = ++player->generations[slot];
  request.start.target.v4 = player->server;
  request.start.request_bytes = rand() % 3 == 0 ? 0 : 18;
  if (rand() % 10 == 0) request.start.target.v4.sin_port = htons(9);
  size_t length = (sizeof request.start + request.start.request_bytes + 7) / 8 * 8;
  if (!are_starts(&player->engine, (const uint8_t *)&request, length)) abort();
  player->live[slot] = add_starts(&player->engine, (const uint8_t *)&request, length);
}

static void end(struct player *player, uint32_t slot) {
  uint32_t generation = player->generations[slot];
  if (rand() % 2 == 0) settle_probe(&player->engine, slot, generation);
  if (rand() % 2 == 0) probe_delay(&player->engine, slot, generation);
  close_probe(&player->engine, slot, generation);
  player->live[slot] = false;
}

static bool take(struct player *player) {
  static uint8_t bytes[4 * PROBE_CHUNK_BYTES];
  struct probe_report report;
  while (take_report(&player->engine, &report, bytes, sizeof bytes)) {
    uint32_t slot = report.slot;
    if (!player->live[slot] || report.generation != player->generations[slot]) return false;
    player->counts[report.event]++;
    if (report.event != PROBE_BYTES) {
      player->live[slot] = false;
    } else if (rand() % 2 == 0) {
      resume_probe(&player->engine, slot, report.generation);
    } else {
      end(player, slot);
    }
  }
  end_taking(&player->engine);
  return true;
}

int main(int count, char **arguments) {
  static struct player player;
  struct failure failure;
  pthread_t thread;
  socklen_t length = sizeof player.server;
  static int listener;
  long actions = count > 1 ? atol(arguments[1]) : 20000;

  listener = socket(AF_INET, SOCK_STREAM, 0);
  player.server = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  bool listens = bind(listener, (struct sockaddr *)&player.server, length) == 0 &&
                 listen(listener, 512) == 0 &&
                 getsockname(listener, (struct sockaddr *)&player.server, &length) == 0;
  for (int i = 0; listens && i < SERVERS; i++) listens = pthread_create(&thread, NULL, serve, &listener) == 0;
  player.engine.limits = (struct probe_limits){.slots = SLOTS,
                                               .received_bytes = 2 * PROBE_CHUNK_BYTES,
                                               .started_bytes = 4096,
                                               .wake_delay_ms = 1,
                                               .tick_ms = 20,
                                               .noise_ms = 10};
  player.engine.tell = ignore;
  if (!listens || !open_engine(&player.engine, &failure)) return 3;
  bool clean = true;
  for (long i = 0; i < actions && clean; i++) {
    uint32_t slot = (uint32_t)rand() % SLOTS;
    if (!player.live[slot]) {
      start(&player, slot);
    } else if (rand() % 12 == 0) {
      end(&player, slot);
    }
    if (i % 8 == 0) clean = take(&player);
    if (i % 8 == 0) usleep(200);
  }
  close_engine(&player.engine);
  const long *counts = player.counts;
  printf("reached %ld, bytes %ld, closed %ld, failed %ld\n", counts[PROBE_REACHED], counts[PROBE_BYTES],
         counts[PROBE_CLOSED], counts[PROBE_FAILED]);
  return clean && counts[PROBE_BYTES] > 0 && counts[PROBE_REACHED] > 0 ? 0 : 2;
}
