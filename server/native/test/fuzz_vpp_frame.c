// Fuzzes find_vpp_frames: a plain walk over the same bytes must find the same, and no byte beyond the length
// may be looked at. The first two bytes choose the maximum, and whether lengths are made likely.
#include <stdlib.h>
#include <string.h>

#include "vpp_frame.h"

enum { CHOICE_BYTES = 2 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

// One frame: 1 whole, 0 not yet, -1 malformed. Notes its size.
static int judge_frame(const uint8_t *data, size_t length, size_t message_bytes_max, size_t *frame_bytes) {
  uint64_t message_bytes = 0;
  if (length < 16) return 0;
  for (int i = 8; i < 12; i++) message_bytes = message_bytes * 256 + data[i];
  if (message_bytes == 0 || message_bytes > message_bytes_max) return -1;
  *frame_bytes = 16 + (size_t)message_bytes;
  return length >= *frame_bytes ? 1 : 0;
}

// Clears the upper bytes of each length, so that frames fit the input: most would be malformed otherwise.
static void make_likely(uint8_t *data, size_t length) {
  for (size_t at = 0; at + 16 <= length;) {
    memset(data + at + 8, 0, 3);
    at += 16 + data[at + 11];
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  uint8_t header[VPP_HEADER_BYTES];
  if (size < CHOICE_BYTES) return 0;
  size_t message_bytes_max = (data[0] & 1) != 0 ? SIZE_MAX : 1 + (size_t)data[1];
  size_t length = size - CHOICE_BYTES;
  // Of its own, without a spare byte: AddressSanitizer sees what is read beyond it.
  uint8_t *bytes = malloc(length + (length == 0));
  require(bytes != NULL);
  memcpy(bytes, data + CHOICE_BYTES, length);
  if ((data[0] & 2) != 0) make_likely(bytes, length);
  struct vpp_frames found = find_vpp_frames(bytes, length, message_bytes_max);
  size_t at = 0, frame_bytes = 0;
  int verdict;
  while ((verdict = judge_frame(bytes + at, length - at, message_bytes_max, &frame_bytes)) > 0) {
    // What we write ourselves reads the same.
    write_vpp_header((uint32_t)(frame_bytes - VPP_HEADER_BYTES), header);
    require(memcmp(header + 8, bytes + at + 8, 4) == 0);
    at += frame_bytes;
  }
  require(found.whole_bytes == at);
  require(found.malformed == (verdict < 0));
  write_vpp_header(found.bad_length, header);
  require(found.malformed ? memcmp(header + 8, bytes + at + 8, 4) == 0 : found.bad_length == 0);
  free(bytes);
  return 0;
}
