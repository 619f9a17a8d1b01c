// openSocket(family, type, protocol, netnsPath, source): a descriptor that JavaScript then owns.
#include <unistd.h>

#include "addon.h"

static bool is_given(napi_env env, napi_value value) {
  napi_valuetype type;
  return napi_typeof(env, value, &type) == napi_ok && type != napi_undefined;
}

// The five arguments that describe a socket, in that order; the last two may be undefined.
bool read_socket_request(napi_env env, const napi_value *arguments, struct socket_request *out) {
  char source[INET6_ADDRSTRLEN];

  if (!read_int(env, arguments[0], 0, AF_MAX, "family must be an AF_ constant", &out->family)) return false;
  if (!read_int(env, arguments[1], 0, INT_MAX, "type must be a SOCK_ constant", &out->type)) return false;
  if (!read_int(env, arguments[2], 0, 255, "protocol must be 0..255", &out->protocol)) return false;
  out->in_netns = is_given(env, arguments[3]);
  size_t size = sizeof out->netns_path;
  if (out->in_netns && !read_text(env, arguments[3], size, "bad netns path", out->netns_path)) return false;
  out->has_source = is_given(env, arguments[4]);
  if (!out->has_source) return true;
  if (!read_text(env, arguments[4], sizeof source, "bad source address", source)) return false;
  if (parse_address(out->family, source, &out->source)) return true;
  throw_argument(env, "source is no address of that family");
  return false;
}

napi_value open_socket(napi_env env, napi_callback_info info) {
  napi_value arguments[5], result;
  struct socket_request request;
  struct failure failure;

  if (!read_arguments(env, info, 5, arguments)) return NULL;
  if (!read_socket_request(env, arguments, &request)) return NULL;
  int fd = create_socket(&request, own_netns(env), &failure);
  if (fd >= 0) fd = bind_source(fd, &request, &failure);
  if (fd < 0) {
    throw_failure(env, failure);
    return NULL;
  }
  if (napi_create_int32(env, fd, &result) == napi_ok) return result;
  throw_last(env, "napi_create_int32");
  close(fd);
  return NULL;
}
