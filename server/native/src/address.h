// An IP address as text and as the kernel takes it. Knows nothing of JavaScript.
#ifndef MAGLEV_ADDRESS_H
#define MAGLEV_ADDRESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <sys/socket.h>

struct address {
  union {
    struct sockaddr any;
    struct sockaddr_in v4;
    struct sockaddr_in6 v6;
  };
  socklen_t length;
};

// Takes a literal of that family, without zone; port 0.
bool parse_address(int family, const char *text, struct address *out);

#endif
