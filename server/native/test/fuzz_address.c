// Fuzzes parse_address: what it takes must be a literal of that family that prints and parses back to the
// same.
#include <arpa/inet.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "address.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void require(bool holds) {
  if (!holds) abort();
}

static void try_family(int family, const char *text) {
  struct address address, again;
  char printed[INET6_ADDRSTRLEN];
  if (!parse_address(family, text, &address)) return;
  require(address.any.sa_family == family);
  require(address.length == (family == AF_INET ? sizeof address.v4 : sizeof address.v6));
  require((family == AF_INET ? address.v4.sin_port : address.v6.sin6_port) == 0);
  const void *bytes = family == AF_INET ? (void *)&address.v4.sin_addr : (void *)&address.v6.sin6_addr;
  require(inet_ntop(family, bytes, printed, sizeof printed) != NULL);
  require(parse_address(family, printed, &again));
  require(memcmp(&address, &again, address.length) == 0);
  // One text is never an address of both families.
  require(!parse_address(family == AF_INET ? AF_INET6 : AF_INET, text, &again));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  static const char alphabet[16] = "0123456789af:..:";
  struct address address;
  char *text = malloc(size + 1);
  require(text != NULL);
  // Most inputs are spelt with the letters of addresses: the fuzzer cannot look into libc for them.
  bool raw = size > 0 && data[0] >= 0xf0;
  for (size_t i = 0; i < size; i++) text[i] = raw ? (char)data[i] : alphabet[data[i] & 15];
  text[size] = '\0';
  try_family(AF_INET, text);
  try_family(AF_INET6, text);
  require(!parse_address(AF_UNIX, text, &address));
  free(text);
  return 0;
}
