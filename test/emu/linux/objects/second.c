/* The other object: definitions that first.c names, and static names that first.c has too. */
#include "both.h"

int tentative[5];
long values[4] = {11, 22, 33, 44};
long *value_pointers[4] = {&values[3], &values[2], &values[1], &values[0]};

static long counted = 5;
static long count(void) { return counted++; }

long answer(void) { return 42; }
long twice(long n) { return 2 * outside(n) + count(); }
long second_tentative(long n) { return tentative[n]; }
