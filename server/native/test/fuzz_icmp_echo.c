// Fuzzes the look at which echo a packet is about: it stays within the packet's bytes, and is right for
// errors that were built to quote a sequence number. The first byte chooses the family.
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "icmp_echo.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

// An error that quotes an echo request, header lengths as the input says.
static void check_built(const uint8_t *data, size_t size) {
  uint8_t packet[60 + 8 + 60 + 8] = {0};
  uint16_t sequence = 0;
  if (size < 4) return;
  size_t outer = 5 + data[0] % 11u, inner = 5 + data[1] % 11u;
  packet[0] = (uint8_t)(0x40 | outer);
  packet[outer * 4] = 3;
  packet[outer * 4 + 8] = (uint8_t)(0x40 | inner);
  size_t echo = outer * 4 + 8 + inner * 4;
  packet[echo + 6] = data[2];
  packet[echo + 7] = data[3];
  bool found = read_echo_sequence(AF_INET, packet, echo + 8, &sequence);
  if (!found || sequence != (data[2] << 8 | data[3])) abort();
  if (read_echo_sequence(AF_INET, packet, echo + 7, &sequence)) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint16_t sequence;
  if (size < 2) return 0;
  // Of its own size, so that a read beyond the end is found.
  uint8_t *packet = malloc(size - 1);
  if (packet == NULL) return 0;
  memcpy(packet, data + 1, size - 1);
  (void)read_echo_sequence((data[0] & 1) != 0 ? AF_INET6 : AF_INET, packet, size - 1, &sequence);
  free(packet);
  check_built(data + 1, size - 1);
  return 0;
}
