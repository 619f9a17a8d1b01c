// Which echo an ICMP packet is about: just enough to hand it to whoever waits for it. What it means is not
// looked at here. Pure; knows nothing of JavaScript.
#ifndef MAGLEV_ICMP_ECHO_H
#define MAGLEV_ICMP_ECHO_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// The sequence number of an echo reply, or else of the echo that the packet quotes; false when it is too
// short. A raw IPv4 socket gives packets from the IP header on, one for IPv6 from the ICMPv6 header on.
bool read_echo_sequence(int family, const uint8_t *packet, size_t length, uint16_t *sequence);

#endif
