// Arguments from JavaScript. native.ts has checked them already: here only so much that nothing can crash.
#include <string.h>

#include "addon.h"

// Without CHECK: these give false, and the exception says which argument it was.
static bool refuse(napi_env env, const char *message) {
  throw_argument(env, message);
  return false;
}

bool read_arguments(napi_env env, napi_callback_info info, size_t count, napi_value *arguments) {
  size_t given = count;
  if (napi_get_cb_info(env, info, &given, arguments, NULL, NULL) != napi_ok) return refuse(env, "arguments");
  return given == count || refuse(env, "wrong number of arguments");
}

bool read_int(napi_env env, napi_value value, int min, int max, const char *message, int *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return refuse(env, message);
  // Written so that NaN is refused too.
  if (!(number >= min && number <= max)) return refuse(env, message);
  *out = (int)number;
  return *out == number || refuse(env, message);
}

bool read_text(napi_env env, napi_value value, size_t size, const char *message, char *out) {
  size_t length;
  if (napi_get_value_string_utf8(env, value, NULL, 0, &length) != napi_ok) return refuse(env, message);
  if (length == 0 || length >= size) return refuse(env, message);
  if (napi_get_value_string_utf8(env, value, out, size, &length) != napi_ok) return refuse(env, message);
  return strlen(out) == length || refuse(env, message);
}

bool read_bytes(napi_env env, napi_value value, const char *message, struct bytes *out) {
  bool is_typed = false;
  napi_typedarray_type type;
  void *data = NULL;
  if (napi_is_typedarray(env, value, &is_typed) != napi_ok || !is_typed) return refuse(env, message);
  if (napi_get_typedarray_info(env, value, &type, &out->length, &data, NULL, NULL) != napi_ok) {
    return refuse(env, message);
  }
  out->data = data;
  return (type == napi_uint8_array && data != NULL) || refuse(env, message);
}

bool read_function(napi_env env, napi_value value, const char *message) {
  napi_valuetype type = napi_undefined;
  return (napi_typeof(env, value, &type) == napi_ok && type == napi_function) || refuse(env, message);
}

bool read_size(napi_env env, napi_value value, size_t max, const char *message, size_t *out) {
  double number;
  if (napi_get_value_double(env, value, &number) != napi_ok) return refuse(env, message);
  // Written so that NaN is refused too.
  if (!(number >= 0 && number <= (double)max)) return refuse(env, message);
  *out = (size_t)number;
  return (double)*out == number || refuse(env, message);
}

void *read_handle(napi_env env, napi_value handle, const napi_type_tag *tag, const char *message) {
  napi_valuetype type;
  bool tagged = false;
  void *data = NULL;
  if (napi_typeof(env, handle, &type) == napi_ok && type == napi_external &&
      napi_check_object_type_tag(env, handle, tag, &tagged) == napi_ok && tagged &&
      napi_get_value_external(env, handle, &data) == napi_ok) {
    return data;
  }
  throw_argument(env, message);
  return NULL;
}
