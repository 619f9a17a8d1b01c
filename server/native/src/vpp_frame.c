#include "vpp_frame.h"

#include <string.h>

static uint32_t read_length(const uint8_t *header) {
  const uint8_t *bytes = header + VPP_LENGTH_OFFSET;
  return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

struct vpp_frames find_vpp_frames(const uint8_t *data, size_t length, size_t message_bytes_max) {
  struct vpp_frames found = {0};
  while (length - found.whole_bytes >= VPP_HEADER_BYTES) {
    size_t rest = length - found.whole_bytes - VPP_HEADER_BYTES;
    uint32_t message_bytes = read_length(data + found.whole_bytes);
    found.malformed = message_bytes == 0 || message_bytes > message_bytes_max;
    found.bad_length = found.malformed ? message_bytes : 0;
    if (found.malformed || message_bytes > rest) break;
    found.whole_bytes += VPP_HEADER_BYTES + message_bytes;
  }
  return found;
}

void write_vpp_header(uint32_t message_bytes, uint8_t *header) {
  memset(header, 0, VPP_HEADER_BYTES);
  for (int i = 0; i < 4; i++) header[VPP_LENGTH_OFFSET + i] = (uint8_t)(message_bytes >> (24 - 8 * i));
}
