// What the two files that give JavaScript a stats segment share: bounds, and what is closed.
#ifndef MAGLEV_STATS_FACE_H
#define MAGLEV_STATS_FACE_H

#include "addon.h"
#include "stats_segment.h"

// False with an Error.
bool require_open(napi_env env, const struct stats_segment *segment);

// Whether `length` bytes, a whole number, lie in the segment at the offset that JavaScript gives; false with
// a TypeError or a RangeError. Notes the offset.
bool read_offset(napi_env env, napi_value value, double length, const struct stats_segment *segment,
                 size_t *offset);

#endif
