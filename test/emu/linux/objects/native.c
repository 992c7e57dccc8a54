/* The same objects on the host: every operation on every number, a result a line. */
#include <stdio.h>
#include "both.h"

long outside(long n) { return 3 * n + 1; }

int main(void) {
  for (long which = 0; which < operation_count(); which++)
    for (long n = 0; n < 20; n++) printf("%ld\n", run(which, n));
}
