// The engine's bounded memory: starts that wait, results that wait, bytes received. All under its lock.
#include <stdlib.h>
#include <string.h>

#include "probe_engine.h"

uint32_t reports_waiting(const struct probe_engine *engine) {
  return engine->reports.count + engine->icmp.waiting;
}

void push_slot(struct probe_ring *ring, uint32_t slot) {
  ring->slots[(ring->first + ring->count) % ring->capacity] = slot;
  ring->count++;
}

uint32_t pop_slot(struct probe_ring *ring) {
  uint32_t slot = ring->slots[ring->first];
  ring->first = (ring->first + 1) % ring->capacity;
  ring->count--;
  return slot;
}

static bool open_ring(struct probe_ring *ring, uint32_t capacity) {
  *ring = (struct probe_ring){.capacity = capacity, .slots = calloc(capacity, sizeof *ring->slots)};
  return ring->slots != NULL;
}

bool open_queues(struct probe_engine *engine) {
  const struct probe_limits *limits = &engine->limits;
  engine->slots = calloc(limits->slots, sizeof *engine->slots);
  engine->received = malloc(limits->received_bytes);
  bool whole = open_ring(&engine->reports, limits->slots) && open_ring(&engine->again, limits->slots) &&
               engine->slots != NULL && engine->received != NULL;
  if (!whole) return false;
  for (uint32_t i = 0; i < limits->slots; i++) engine->slots[i].socket = no_socket;
  return true;
}

void free_queues(struct probe_engine *engine) {
  for (struct probe_block *block = engine->first_block, *next; block != NULL; block = next) {
    next = block->next;
    free(block);
  }
  free(engine->slots);
  free(engine->received);
  free(engine->reports.slots);
  free(engine->again.slots);
}

static size_t record_bytes(const struct probe_start *start) {
  return (sizeof *start + start->request_bytes + 7) / 8 * 8;
}

static bool is_address(const union probe_address *address) {
  return address->any.sa_family == AF_INET || address->any.sa_family == AF_INET6;
}

bool are_starts(const struct probe_engine *engine, const uint8_t *bytes, size_t length) {
  struct probe_start start;
  for (size_t at = 0; at < length; at += record_bytes(&start)) {
    if (length - at < sizeof start) return false;
    memcpy(&start, bytes + at, sizeof start);
    size_t rest = length - at;
    bool whole = start.request_bytes < rest && record_bytes(&start) <= rest;
    bool addressed = is_address(&start.target) && (!start.has_source || is_address(&start.source));
    if (!whole || !addressed || !is_good_echo(&start) || start.slot >= engine->limits.slots) return false;
  }
  return true;
}

bool add_starts(struct probe_engine *engine, const uint8_t *bytes, size_t length) {
  if (length == 0) return true;
  struct probe_block *block = malloc(sizeof *block + length);
  if (block == NULL) return false;
  *block = (struct probe_block){.length = length, .holders = 1, .queued_ns = monotonic_ns()};
  memcpy(block->bytes, bytes, length);
  pthread_mutex_lock(&engine->lock);
  bool fits = length <= engine->limits.started_bytes - engine->block_bytes;
  if (fits) {
    engine->block_bytes += length;
    if (engine->last_block != NULL) engine->last_block->next = block;
    if (engine->first_block == NULL) engine->first_block = block;
    engine->last_block = block;
  }
  pthread_mutex_unlock(&engine->lock);
  if (fits) {
    wake_engine(engine);
  } else {
    free(block);
  }
  return fits;
}

void drop_block(struct probe_engine *engine, struct probe_block *block) {
  if (block == NULL || --block->holders > 0) return;
  engine->block_bytes -= block->length;
  free(block);
}

// The next start that waits, and its block, held for the caller; NULL when none does.
const struct probe_start *next_start(struct probe_engine *engine, struct probe_block **held) {
  struct probe_block *block = engine->first_block;
  if (block == NULL) return NULL;
  const struct probe_start *start = (const struct probe_start *)((uint8_t *)block->bytes + block->at);
  block->at += record_bytes(start);
  block->holders++;
  *held = block;
  if (block->at < block->length) return start;
  engine->first_block = block->next;
  if (engine->first_block == NULL) engine->last_block = NULL;
  drop_block(engine, block); // the queue's own hold
  return start;
}

// Room for one read. Taken before it: what was read cannot be put back.
bool reserve_chunk(struct probe_engine *engine) {
  size_t taken = engine->received_used + engine->received_reserved;
  if (engine->limits.received_bytes - taken < PROBE_CHUNK_BYTES) return false;
  engine->received_reserved += PROBE_CHUNK_BYTES;
  return true;
}

static void describe_report(uint32_t index, const struct probe_slot *slot, struct probe_report *report) {
  *report = (struct probe_report){
      .slot = index,
      .generation = slot->generation,
      .event = slot->event,
      .value = slot->value,
      .syscall = slot->syscall,
      .elapsed_ms = (double)(slot->ended_ns - slot->started_ns) / 1e6,
      .delayed_ms = (double)slot->delayed_ns / 1e6,
  };
}

bool take_report(struct probe_engine *engine, struct probe_report *report, uint8_t *bytes, size_t room) {
  bool taken = false;
  pthread_mutex_lock(&engine->lock);
  while (engine->reports.count > 0 && !taken) {
    uint32_t index = engine->reports.slots[engine->reports.first];
    struct probe_slot *slot = &engine->slots[index];
    size_t length = slot->event == PROBE_BYTES ? (size_t)slot->value : 0;
    if (length > room) break;
    pop_slot(&engine->reports);
    slot->reported = false;
    taken = slot->event != PROBE_NOTHING;
    if (!taken) continue;
    describe_report(index, slot, report);
    memcpy(bytes, engine->received + slot->bytes_at, length);
    slot->event = PROBE_NOTHING;
  }
  if (engine->reports.count == 0) engine->received_used = 0;
  if (!taken) taken = take_message(engine, report, bytes, room);
  pthread_mutex_unlock(&engine->lock);
  return taken;
}

void end_taking(struct probe_engine *engine) {
  pthread_mutex_lock(&engine->lock);
  engine->told = false;
  bool waiting = engine->again.count > 0 || engine->icmp.unread || reports_waiting(engine) > 0;
  pthread_mutex_unlock(&engine->lock);
  if (waiting) wake_engine(engine);
}
