// The kernel's filter for a raw ICMP socket: which packets may wake us. Pure; knows nothing of JavaScript.
#ifndef MAGLEV_ICMP_FILTER_H
#define MAGLEV_ICMP_FILTER_H

#include <linux/filter.h>
#include <stddef.h>
#include <stdint.h>

enum { ICMP_FILTER_LENGTH_MAX = 24 };

struct icmp_filter_program {
  struct sock_filter code[ICMP_FILTER_LENGTH_MAX];
  uint16_t length;
};

// Passes echo replies with that identifier, and errors that quote an echo request with it. Our own requests,
// which a raw socket sees on loopback, and everything else stay out. Who reads must parse all the same.
void build_icmp_filter(int family, uint16_t identifier, struct icmp_filter_program *out);

// Passes nothing: for a socket that only sends.
void build_closed_filter(struct icmp_filter_program *out);

#endif
