// Frames of VPP's API socket in a buffer: where the last whole one ends. Pure; knows nothing of JavaScript,
// nor of what a message says.
#ifndef MAGLEV_VPP_FRAME_H
#define MAGLEV_VPP_FRAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The message's length stands in the header as a big-endian u32; VPP ignores the other bytes, and so do we
// (msgbuf_t in VPP's src/vlibapi/api_common.h).
enum { VPP_HEADER_BYTES = 16, VPP_LENGTH_OFFSET = 8 };

struct vpp_frames {
  size_t whole_bytes;  // of the whole frames at the start
  bool malformed;      // the header behind them cannot be: the stream has no point to start again from
  uint32_t bad_length; // what that header says
};

// A message of no byte at all is malformed (VPP would wait for more), and one above the maximum.
struct vpp_frames find_vpp_frames(const uint8_t *data, size_t length, size_t message_bytes_max);

// Fills the 16 bytes.
void write_vpp_header(uint32_t message_bytes, uint8_t *header);

#endif
