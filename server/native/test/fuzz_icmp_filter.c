// Fuzzes the filter for raw ICMP sockets in the kernel that will run it: a socket pair with the program
// attached must pass exactly what a plain C reading of the RFCs passes. The first three bytes choose family
// and identifier.
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "icmp_filter.h"

enum { CHOICE_BYTES = 3, PACKET_BYTES_MAX = 512 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds, const char *what) {
  if (holds) return;
  fprintf(stderr, "%s (errno: %s)\n", what, strerror(errno));
  abort();
}

static bool has_identifier(const uint8_t *echo, uint16_t identifier) {
  return echo[4] == identifier >> 8 && echo[5] == (identifier & 0xff);
}

static bool wanted_ipv4(const uint8_t *packet, size_t size, uint16_t identifier) {
  size_t header = (packet[0] & 0xf) * 4u;
  if (size < header + 6) return false;
  const uint8_t *icmp = packet + header;
  size_t rest = size - header;
  if (icmp[0] == 0) return has_identifier(icmp, identifier);
  if (icmp[0] != 3 && icmp[0] != 11 && icmp[0] != 12) return false;
  if (rest < 8 + 10 || icmp[8 + 9] != 1) return false;
  size_t quoted = 8 + (icmp[8] & 0xf) * 4u;
  return rest >= quoted + 6 && icmp[quoted] == 8 && has_identifier(icmp + quoted, identifier);
}

static bool wanted_ipv6(const uint8_t *icmp, size_t size, uint16_t identifier) {
  if (size < 6) return false;
  if (icmp[0] == 129) return has_identifier(icmp, identifier);
  if (icmp[0] < 1 || icmp[0] > 4) return false;
  return size >= 8 + 40 + 6 && icmp[8 + 6] == 58 && icmp[48] == 128 && has_identifier(icmp + 48, identifier);
}

// Whether the kernel passes the packet through the program.
static bool passes(const struct icmp_filter_program *program, const uint8_t *packet, size_t size) {
  char received[PACKET_BYTES_MAX];
  int pair[2];
  struct sock_filter code[ICMP_FILTER_LENGTH_MAX];
  memcpy(code, program->code, sizeof code);
  const struct sock_fprog option = {.len = program->length, .filter = code};
  require(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, pair) == 0, "socketpair");
  require(setsockopt(pair[1], SOL_SOCKET, SO_ATTACH_FILTER, &option, sizeof option) == 0, "SO_ATTACH_FILTER");
  ssize_t sent = send(pair[0], packet, size, 0);
  require(sent == (ssize_t)size || (sent < 0 && errno == EPERM), "send");
  ssize_t length = recv(pair[1], received, sizeof received, 0);
  require(length == (ssize_t)size || (length < 0 && errno == EAGAIN), "recv gives all or nothing");
  close(pair[0]);
  close(pair[1]);
  return length >= 0;
}

// A packet that passes, for the input to be laid over (exclusive or): the fuzzer cannot look into the kernel,
// and would rarely find the way in by itself. Types are those of the family's first error.
static void write_template(int family, uint16_t identifier, uint8_t *packet) {
  size_t header = family == AF_INET ? 20 : 0;
  size_t echo = header + 8 + (family == AF_INET ? 20 : 40);
  packet[0] = 0x45;
  packet[header] = family == AF_INET ? 3 : 1;
  packet[header + 8] = family == AF_INET ? 0x45 : 0x60;
  packet[header + 8 + (family == AF_INET ? 9 : 6)] = family == AF_INET ? 1 : 58;
  packet[echo] = family == AF_INET ? 8 : 128;
  packet[echo + 4] = (uint8_t)(identifier >> 8);
  packet[echo + 5] = (uint8_t)identifier;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  struct icmp_filter_program program = {0};
  uint8_t packet[PACKET_BYTES_MAX] = {0};
  if (size <= CHOICE_BYTES || size > PACKET_BYTES_MAX) return 0;
  int family = (data[0] & 1) != 0 ? AF_INET6 : AF_INET;
  uint16_t identifier = (uint16_t)(data[1] << 8 | data[2]);
  size_t length = size - CHOICE_BYTES;
  if ((data[0] & 2) != 0) write_template(family, identifier, packet);
  for (size_t i = 0; i < length; i++) packet[i] ^= data[CHOICE_BYTES + i];
  build_icmp_filter(family, identifier, &program);
  require(program.length <= ICMP_FILTER_LENGTH_MAX, "length");
  bool wanted = (family == AF_INET ? wanted_ipv4 : wanted_ipv6)(packet, length, identifier);
  require(passes(&program, packet, length) == wanted, "the kernel and the reference disagree");
  return 0;
}
