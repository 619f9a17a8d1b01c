#include "icmp_echo.h"

#include <sys/socket.h>

enum {
  ICMP_HEADER_BYTES = 8,
  SEQUENCE_AT = 6, // in it (RFC 792, RFC 4443)
  IPV4_HEADER_BYTES_MIN = 20,
  IPV6_HEADER_BYTES = 40,
  IPV4_ECHO_REPLY = 0,
  IPV6_ECHO_REPLY = 129,
};

// Where an IPv4 header ends that begins at `at`; beyond the packet when it is cut.
static size_t ipv4_header_end(const uint8_t *packet, size_t length, size_t at) {
  if (length < at + IPV4_HEADER_BYTES_MIN) return length + 1;
  return at + (packet[at] & 0xfu) * 4;
}

bool read_echo_sequence(int family, const uint8_t *packet, size_t length, uint16_t *sequence) {
  const bool is_ipv4 = family == AF_INET;
  size_t at = is_ipv4 ? ipv4_header_end(packet, length, 0) : 0;
  if (length < at + ICMP_HEADER_BYTES) return false;
  if (packet[at] != (is_ipv4 ? IPV4_ECHO_REPLY : IPV6_ECHO_REPLY)) {
    at += ICMP_HEADER_BYTES;
    at = is_ipv4 ? ipv4_header_end(packet, length, at) : at + IPV6_HEADER_BYTES;
    if (length < at + ICMP_HEADER_BYTES) return false;
  }
  *sequence = (uint16_t)(packet[at + SEQUENCE_AT] << 8 | packet[at + SEQUENCE_AT + 1]);
  return true;
}
