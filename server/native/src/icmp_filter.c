#include "icmp_filter.h"

#include <string.h>
#include <sys/socket.h>

// Classic BPF. A load beyond the packet's end rejects the packet, so that lengths need no check of their own.
// Jumps count from the next instruction; the numbers at the right are the lines they lead to.
#define BYTE_AT(k) BPF_STMT(BPF_LD | BPF_B | BPF_ABS, k)
#define HALF_AT(k) BPF_STMT(BPF_LD | BPF_H | BPF_ABS, k)
#define BYTE_AT_X(k) BPF_STMT(BPF_LD | BPF_B | BPF_IND, k)
#define HALF_AT_X(k) BPF_STMT(BPF_LD | BPF_H | BPF_IND, k)
#define IF_EQUAL(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, k, yes, no)
#define IF_AT_LEAST(k, yes, no) BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, k, yes, no)
#define SKIP(count) BPF_STMT(BPF_JMP | BPF_JA, count)
#define REJECT BPF_STMT(BPF_RET | BPF_K, 0)
#define ACCEPT BPF_STMT(BPF_RET | BPF_K, 0x40000)

// Where both programs compare the identifier: the third instruction from the end.
enum { IDENTIFIER_FROM_END = 3 };

// A raw IPv4 socket sees the packet from its IP header on. Types: RFC 792.
static const struct sock_filter ipv4_code[] = {
    BPF_STMT(BPF_LDX | BPF_B | BPF_MSH, 0),  //  0 x = length of the IP header
    BYTE_AT_X(0),                            //  1 type
    IF_EQUAL(0, 12, 0),                      //  2 echo reply -> 15
    IF_EQUAL(3, 2, 0),                       //  3 destination unreachable -> 6
    IF_EQUAL(11, 1, 0),                      //  4 time exceeded -> 6
    IF_EQUAL(12, 0, 13),                     //  5 parameter problem -> 6, others -> 19
    BYTE_AT_X(8 + 9),                        //  6 protocol of the quoted packet
    IF_EQUAL(1, 0, 11),                      //  7 ICMP -> 8, others -> 19
    BYTE_AT_X(8),                            //  8 version and header length of the quoted packet
    BPF_STMT(BPF_ALU | BPF_AND | BPF_K, 15), //  9
    BPF_STMT(BPF_ALU | BPF_LSH | BPF_K, 2),  // 10
    BPF_STMT(BPF_ALU | BPF_ADD | BPF_X, 0),  // 11
    BPF_STMT(BPF_MISC | BPF_TAX, 0),         // 12 x = both IP headers
    BYTE_AT_X(8),                            // 13 quoted type
    IF_EQUAL(8, 2, 4),                       // 14 echo request -> 17, others -> 19
    HALF_AT_X(4),                            // 15 identifier of the reply
    SKIP(1),                                 // 16 -> 18
    HALF_AT_X(8 + 4),                        // 17 identifier of the quoted request
    IF_EQUAL(0, 1, 0),                       // 18 ours -> 20
    REJECT,                                  // 19
    ACCEPT,                                  // 20
};

// A raw IPv6 socket sees the packet from the ICMPv6 header on. Types: RFC 4443. We send no extension headers,
// so that none can stand in what is quoted.
static const struct sock_filter ipv6_code[] = {
    BYTE_AT(0),             //  0 type
    IF_EQUAL(129, 6, 0),    //  1 echo reply -> 8
    IF_AT_LEAST(5, 9, 0),   //  2 not an error that concerns us -> 12
    IF_AT_LEAST(1, 0, 8),   //  3 unreachable, too big, time exceeded, parameter problem -> 4
    BYTE_AT(8 + 6),         //  4 next header of the quoted packet
    IF_EQUAL(58, 0, 6),     //  5 ICMPv6 -> 6, others -> 12
    BYTE_AT(8 + 40),        //  6 quoted type
    IF_EQUAL(128, 2, 4),    //  7 echo request -> 10, others -> 12
    HALF_AT(4),             //  8 identifier of the reply
    SKIP(1),                //  9 -> 11
    HALF_AT(8 + 40 + 4),    // 10 identifier of the quoted request
    IF_EQUAL(0, 1, 0),      // 11 ours -> 13
    REJECT,                 // 12
    ACCEPT,                 // 13
};

_Static_assert(sizeof ipv4_code / sizeof ipv4_code[0] <= ICMP_FILTER_LENGTH_MAX, "filter too long");
_Static_assert(sizeof ipv6_code / sizeof ipv6_code[0] <= ICMP_FILTER_LENGTH_MAX, "filter too long");

void build_icmp_filter(int family, uint16_t identifier, struct icmp_filter_program *out) {
  size_t bytes = family == AF_INET ? sizeof ipv4_code : sizeof ipv6_code;
  memcpy(out->code, family == AF_INET ? ipv4_code : ipv6_code, bytes);
  out->length = (uint16_t)(bytes / sizeof out->code[0]);
  out->code[out->length - IDENTIFIER_FROM_END].k = identifier;
}

void build_closed_filter(struct icmp_filter_program *out) {
  out->code[0] = (struct sock_filter)REJECT;
  out->length = 1;
}
