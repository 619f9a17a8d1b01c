// The probe engine without Node, under ThreadSanitizer: its own thread beside one that starts, settles, ends,
// resumes and takes at random, as JavaScript's does: connections, and echoes where raw sockets may be opened.
// Exits with 0 when nothing was told for a run that had ended. build/race_engine [actions]
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "probe_engine.h"

enum { SLOTS = 64, SERVERS = 3 };

struct request {
  struct probe_start start;
  uint8_t bytes[24];
};

struct player {
  struct probe_engine engine;
  struct sockaddr_in server;
  uint32_t generations[SLOTS];
  bool live[SLOTS];
  bool echoes[SLOTS];
  bool is_raw;
  long replies;
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

static void ask(struct player *player, struct request *request) {
  memcpy(request->bytes, "GET / HTTP/1.1\r\n\r\n", 18);
  request->start.target.v4 = player->server;
  request->start.request_bytes = rand() % 3 == 0 ? 0 : 18;
  if (rand() % 10 == 0) request->start.target.v4.sin_port = htons(9);
}

// One that is answered, at one of two identifiers.
static void echo(struct request *request) {
  uint16_t identifier = (uint16_t)(getpid() + rand() % 2);
  uint16_t sequence = (uint16_t)(request->start.slot + SLOTS * (request->start.generation % 8));
  const uint16_t words[] = {0x0800, 0, identifier, sequence};
  uint32_t sum = 0;
  for (size_t i = 0; i < 4; i++) sum += words[i];
  sum = (sum & 0xffff) + (sum >> 16);
  sum = ~((sum & 0xffff) + (sum >> 16));
  for (size_t i = 0; i < 4; i++) {
    uint16_t word = htons(i == 1 ? (uint16_t)sum : words[i]);
    memcpy(request->bytes + 2 * i, &word, sizeof word);
  }
  request->start.protocol = IPPROTO_ICMP;
  request->start.identifier = identifier;
  request->start.target.v4.sin_family = AF_INET;
  request->start.target.v4.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  request->start.request_bytes = rand() % 4 == 0 ? 24 : 8;
}

static void start(struct player *player, uint32_t slot) {
  struct request request = {0};
  request.start.slot = slot;
  request.start.generation = ++player->generations[slot];
  player->echoes[slot] = player->is_raw && rand() % 2 == 0;
  if (player->echoes[slot]) {
    echo(&request);
  } else {
    ask(player, &request);
  }
  size_t length = (sizeof request.start + request.start.request_bytes + 7) / 8 * 8;
  if (!are_starts(&player->engine, (const uint8_t *)&request, length)) abort();
  player->live[slot] = add_starts(&player->engine, (const uint8_t *)&request, length);
}

static void end(struct player *player, uint32_t slot) {
  uint32_t generation = player->generations[slot];
  if (rand() % 2 == 0) settle_probe(&player->engine, slot, generation);
  if (rand() % 2 == 0) probe_delay(&player->engine, slot, generation);
  if (rand() % 2 == 0) lost_replies(&player->engine, slot, generation);
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
    if (player->echoes[slot] && report.event == PROBE_BYTES) player->replies++;
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
                                               .noise_ms = 10,
                                               .icmp_buffer_bytes = 1 << 16,
                                               .icmp_waiting_bytes = 4 * ICMP_MESSAGE_BYTES};
  player.engine.tell = ignore;
  int raw = socket(AF_INET, SOCK_RAW, IPPROTO_ICMP);
  player.is_raw = raw >= 0;
  close_socket(raw);
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
  printf("reached %ld, bytes %ld (%ld of echoes), closed %ld, failed %ld\n", counts[PROBE_REACHED],
         counts[PROBE_BYTES], player.replies, counts[PROBE_CLOSED], counts[PROBE_FAILED]);
  clean = clean && player.is_raw == (player.replies > 0);
  return clean && counts[PROBE_BYTES] > 0 && counts[PROBE_REACHED] > 0 ? 0 : 2;
}
