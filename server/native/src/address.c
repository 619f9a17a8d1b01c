#include "address.h"

#include <arpa/inet.h>
#include <string.h>

bool parse_address(int family, const char *text, struct address *out) {
  memset(out, 0, sizeof *out);
  out->any.sa_family = (sa_family_t)family;
  if (family == AF_INET) {
    out->length = sizeof out->v4;
    return inet_pton(AF_INET, text, &out->v4.sin_addr) == 1;
  }
  out->length = sizeof out->v6;
  return family == AF_INET6 && inet_pton(AF_INET6, text, &out->v6.sin6_addr) == 1;
}
