// Fuzzes the byte queue: each pair of bytes puts in or takes out, and a plain array beside it must hold the
// same.
#include <stdlib.h>
#include <string.h>

#include "byte_queue.h"

enum { SHADOW_BYTES = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static uint8_t shadow[SHADOW_BYTES];
  struct byte_queue queue = {0};
  size_t start = 0, end = 0;
  uint8_t next = 0;
  for (size_t i = 0; i + 1 < size; i += 2) {
    size_t length = (1 + (size_t)data[i + 1]) * (1 + (data[i] & 7));
    if ((data[i] & 0x80) != 0) {
      if (length > end - start) length = end - start;
      start += length;
      queue_take(&queue, length, (data[i] & 0x40) != 0 ? 0 : 4096);
    } else if (end + length <= SHADOW_BYTES) {
      uint8_t *room = queue_reserve(&queue, length);
      require(room != NULL);
      for (size_t at = 0; at < length; at++) room[at] = shadow[end + at] = next++;
      queue.end += length;
      end += length;
    }
    require(queue_length(&queue) == end - start);
    if (end > start) require(memcmp(queue_front(&queue), shadow + start, end - start) == 0);
    // Bounded by what waits, or by what was put in at once: not by what ever went through.
    require(queue.capacity <= 8 * SHADOW_BYTES);
  }
  queue_free(&queue);
  return 0;
}
