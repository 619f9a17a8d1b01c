#include "byte_queue.h"

#include <stdlib.h>
#include <string.h>

size_t queue_length(const struct byte_queue *queue) { return queue->end - queue->start; }

uint8_t *queue_front(const struct byte_queue *queue) { return queue->data + queue->start; }

static void move_to_front(struct byte_queue *queue) {
  if (queue->start == 0) return;
  memmove(queue->data, queue_front(queue), queue_length(queue));
  queue->end -= queue->start;
  queue->start = 0;
}

uint8_t *queue_reserve(struct byte_queue *queue, size_t length) {
  // Moved only when that frees as much as it copies: else a long queue would be copied again and again.
  if (queue->capacity - queue->end < length && queue->start >= queue_length(queue)) move_to_front(queue);
  if (queue->capacity - queue->end < length) {
    size_t capacity = queue->end + length;
    if (capacity < 2 * queue->capacity) capacity = 2 * queue->capacity;
    uint8_t *data = realloc(queue->data, capacity);
    if (data == NULL) return NULL;
    queue->data = data;
    queue->capacity = capacity;
  }
  return queue->data + queue->end;
}

void queue_take(struct byte_queue *queue, size_t length, size_t kept_bytes) {
  queue->start += length;
  if (queue->start < queue->end) return;
  queue->start = 0;
  queue->end = 0;
  if (queue->capacity > kept_bytes) queue_free(queue);
}

void queue_free(struct byte_queue *queue) {
  free(queue->data);
  *queue = (struct byte_queue){0};
}
