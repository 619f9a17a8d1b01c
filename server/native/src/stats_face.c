#include "stats_face.h"

bool require_open(napi_env env, const struct stats_segment *segment) {
  if (segment->memory != NULL) return true;
  const char *text = "the stats segment is closed";
  if (napi_throw_error(env, "ERR_MAGLEV_CLOSED", text) != napi_ok) throw_last(env, text);
  return false;
}

bool read_offset(napi_env env, napi_value value, double length, const struct stats_segment *segment,
                 size_t *offset) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) {
    throw_argument(env, "offset must be a number");
    return false;
  }
  // Written so that NaN is refused too; below 2^53 the sums are exact.
  if (number >= 0 && length >= 0 && number + length <= (double)segment->size) {
    *offset = (size_t)number;
    if ((double)*offset == number && (double)(size_t)length == length) return true;
  }
  const char *text = "outside of the stats segment";
  if (napi_throw_range_error(env, "ERR_OUT_OF_RANGE", text) != napi_ok) throw_last(env, text);
  return false;
}
