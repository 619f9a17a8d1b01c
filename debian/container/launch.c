// Entry point of the container image: hands on the capabilities that the engine granted, and runs the program.
// An engine grants them to the container, but gives none to a user who is not root. This file carries them
// (setcap cap_net_raw,cap_sys_admin+p); those of them that were granted become ambient, and go no further than the
// program. Without any it runs all the same: then ICMP probes, or namespaces, are refused, and maglevd says so.
#include <linux/capability.h>
#include <stdio.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

static const int wanted[] = {CAP_NET_RAW, CAP_SYS_ADMIN};

int main(int argc, char **argv) {
  struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  struct __user_cap_data_struct data[2];

  if (argc < 2) return 2;
  if (syscall(SYS_capget, &header, data) != 0) {
    perror("launch: capget");
    return 1;
  }
  for (size_t index = 0; index < sizeof wanted / sizeof *wanted; index += 1) {
    unsigned bit = 1u << wanted[index];
    if (data[0].permitted & bit) data[0].inheritable |= bit;
  }
  if (syscall(SYS_capset, &header, data) != 0) {
    perror("launch: capset");
    return 1;
  }
  for (size_t index = 0; index < sizeof wanted / sizeof *wanted; index += 1) {
    if ((data[0].inheritable & (1u << wanted[index])) == 0) continue;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, wanted[index], 0, 0) != 0) {
      perror("launch: prctl");
      return 1;
    }
  }
  execv(argv[1], argv + 1);
  perror("launch: exec");
  return 1;
}
