// Errors on their way to JavaScript: errno becomes an Error with code, errno and syscall, like Node's own.
#include <stdio.h>
#include <uv.h>

#include "addon.h"

// A call of Node-API failed. Where JavaScript threw, that exception stands.
void throw_last(napi_env env, const char *call) {
  const napi_extended_error_info *info = NULL;
  bool pending = false;
  char text[256];

  if (napi_get_last_error_info(env, &info) != napi_ok) info = NULL;
  const char *reason = info != NULL && info->error_message != NULL ? info->error_message : "unknown error";
  snprintf(text, sizeof text, "%s: %s", call, reason);
  if (napi_is_exception_pending(env, &pending) != napi_ok || pending) return;
  // Fails only in an environment that is being torn down, where nobody would catch it.
  (void)napi_throw_error(env, "ERR_MAGLEV_NATIVE", text);
}

void throw_argument(napi_env env, const char *message) {
  if (napi_throw_type_error(env, "ERR_INVALID_ARG_VALUE", message) == napi_ok) return;
  throw_last(env, "throw_argument");
}

bool make_error(napi_env env, struct failure failure, napi_value *error) {
  char code_text[64], reason[128], text[256];
  napi_value code, message, number, syscall;

  uv_err_name_r(-failure.error, code_text, sizeof code_text);
  uv_strerror_r(-failure.error, reason, sizeof reason);
  snprintf(text, sizeof text, "%s: %s, %s", code_text, reason, failure.syscall);
  return napi_create_string_utf8(env, code_text, NAPI_AUTO_LENGTH, &code) == napi_ok &&
         napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &message) == napi_ok &&
         napi_create_int32(env, -failure.error, &number) == napi_ok &&
         napi_create_string_utf8(env, failure.syscall, NAPI_AUTO_LENGTH, &syscall) == napi_ok &&
         napi_create_error(env, code, message, error) == napi_ok &&
         napi_set_named_property(env, *error, "errno", number) == napi_ok &&
         napi_set_named_property(env, *error, "syscall", syscall) == napi_ok;
}

void throw_failure(napi_env env, struct failure failure) {
  napi_value error;
  if (make_error(env, failure, &error) && napi_throw(env, error) == napi_ok) return;
  throw_last(env, "throw_failure");
}
