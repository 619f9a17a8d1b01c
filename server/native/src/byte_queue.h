// Bytes that wait: put in at the end, taken from the front. Its users set the bounds; knows nothing of
// JavaScript.
#ifndef MAGLEV_BYTE_QUEUE_H
#define MAGLEV_BYTE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// All zero = empty.
struct byte_queue {
  uint8_t *data;
  size_t start;
  size_t end;
  size_t capacity;
};

size_t queue_length(const struct byte_queue *queue);
uint8_t *queue_front(const struct byte_queue *queue);

// Room for that many bytes (not 0) behind the last one, to be filled and then counted with `end`; NULL when
// memory is short.
uint8_t *queue_reserve(struct byte_queue *queue, size_t length);

// Takes bytes from the front. An empty queue keeps no more than `kept_bytes` of memory.
void queue_take(struct byte_queue *queue, size_t length, size_t kept_bytes);

void queue_free(struct byte_queue *queue);

#endif
