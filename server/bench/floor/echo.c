// ICMP echoes over one raw socket: those of a tick leave in one call, and what has come is read in one.
#include <errno.h>
#include <linux/icmp.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "floor.h"

enum {
  BATCH = 64,
  PAYLOAD_BYTES = 32,
  PACKET_BYTES = 128, // an IPv4 header with options, and an echo
  BUFFER_BYTES = 4 * 1024 * 1024,
};

struct echo {
  struct icmphdr head;
  uint8_t payload[PAYLOAD_BYTES];
};

static int raw = -1;
static uint16_t identifier;
static struct echo echoes[BATCH];
static uint8_t packets[BATCH][PACKET_BYTES];
static struct iovec out_parts[BATCH], in_parts[BATCH];
static struct mmsghdr out[BATCH], in[BATCH];

static void open_raw(struct floor *floor) {
  const struct icmp_filter only_replies = {.data = ~(1u << ICMP_ECHOREPLY)};
  const int bytes = BUFFER_BYTES;
  struct epoll_event events = {.events = EPOLLIN, .data.u32 = 0};
  raw = socket(AF_INET, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, IPPROTO_ICMP);
  if (raw < 0) give_up("socket");
  if (setsockopt(raw, SOL_RAW, ICMP_FILTER, &only_replies, sizeof only_replies) != 0 ||
      setsockopt(raw, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof bytes) != 0) {
    give_up("setsockopt");
  }
  if (epoll_ctl(floor->epoll, EPOLL_CTL_ADD, raw, &events) != 0) give_up("epoll_ctl");
  identifier = (uint16_t)getpid();
  for (int i = 0; i < BATCH; i++) {
    out_parts[i] = (struct iovec){.iov_base = &echoes[i], .iov_len = sizeof echoes[i]};
    in_parts[i] = (struct iovec){.iov_base = packets[i], .iov_len = PACKET_BYTES};
    out[i].msg_hdr = (struct msghdr){.msg_iov = &out_parts[i], .msg_iovlen = 1};
    in[i].msg_hdr = (struct msghdr){.msg_iov = &in_parts[i], .msg_iovlen = 1};
  }
}

static uint16_t checksum(const void *data, size_t length) {
  const uint16_t *words = data;
  uint32_t sum = 0;
  for (size_t i = 0; i < length / 2; i++) sum += words[i];
  sum = (sum >> 16) + (sum & 0xffff);
  return (uint16_t) ~(sum + (sum >> 16));
}

static void write_echo(struct echo *echo, uint32_t index) {
  echo->head = (struct icmphdr){.type = ICMP_ECHO};
  echo->head.un.echo.id = identifier;
  echo->head.un.echo.sequence = (uint16_t)index;
  echo->head.checksum = checksum(echo, sizeof *echo);
}

static void begin(struct floor *floor, uint32_t first, uint32_t count, uint64_t now_ns) {
  while (count > 0) {
    uint32_t some = count < BATCH ? count : BATCH;
    for (uint32_t i = 0; i < some; i++) {
      struct target *target = &floor->targets[first + i];
      // A whole interval without an answer.
      if (target->pending) floor->failed++;
      target->pending = true;
      target->begun_ns = now_ns;
      write_echo(&echoes[i], first + i);
      out[i].msg_hdr.msg_name = &target->address;
      out[i].msg_hdr.msg_namelen = sizeof target->address;
    }
    // What is not sent is found missing in the next round.
    if (sendmmsg(raw, out, some, 0) < 0) give_up("sendmmsg");
    first += some;
    count -= some;
  }
}

static void take(struct floor *floor, const uint8_t *packet, size_t length, uint64_t now_ns) {
  struct echo echo;
  uint32_t source;
  size_t head_bytes = (size_t)(packet[0] & 15) * 4;
  if (length < head_bytes + sizeof echo) return;
  memcpy(&echo, packet + head_bytes, sizeof echo);
  memcpy(&source, packet + 12, sizeof source);
  uint32_t index = echo.head.un.echo.sequence;
  if (echo.head.un.echo.id != identifier || index >= floor->count) return;
  struct target *target = &floor->targets[index];
  if (!target->pending || target->address.sin_addr.s_addr != source) return;
  target->pending = false;
  target->took_ns = now_ns - target->begun_ns;
  floor->passed++;
}

static void look(struct floor *floor, uint32_t index, uint32_t events, uint64_t now_ns) {
  (void)index;
  (void)events;
  int count = recvmmsg(raw, in, BATCH, 0, NULL);
  if (count < 0 && errno != EAGAIN) give_up("recvmmsg");
  for (int i = 0; i < count; i++) take(floor, packets[i], in[i].msg_len, now_ns);
}

const struct kind echo_kind = {open_raw, begin, look};
