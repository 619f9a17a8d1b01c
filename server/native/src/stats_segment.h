// Shared memory with VPP's counters: received from VPP, or made for our simulator. Moves bytes and
// descriptors; knows nothing of JavaScript, nor of what the bytes mean beyond the header's size.
#ifndef MAGLEV_STATS_SEGMENT_H
#define MAGLEV_STATS_SEGMENT_H

#include "unix_socket.h"

// version, base, epoch, in_progress, directory: one u64 each (VPP's src/vlib/stats/shared.h)
enum { STATS_HEADER_WORDS = 5, STATS_HEADER_BYTES = 40 };

struct stats_segment {
  uint8_t *memory; // NULL once closed
  size_t size;
};

// Connects, waits for the descriptor, maps it read-only. Blocks for up to timeout_ms: not for the event loop.
bool receive_segment(const char *path, int timeout_ms, size_t size_max, struct stats_segment *segment,
                     struct failure *failure);

// A fresh one, zero and writable; gives its descriptor, or -1.
int create_segment(size_t size, struct stats_segment *segment, struct failure *failure);

// One message without bytes that carries the descriptor, as VPP sends it. Whether the peer gets it is its own
// affair.
void send_descriptor(int socket, int fd);

void unmap_segment(struct stats_segment *segment);

#endif
