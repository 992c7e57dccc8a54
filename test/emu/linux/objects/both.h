/* Names that the objects share. */
extern int tentative[5];
extern long values[4];
extern long *value_pointers[4];

long outside(long n);
long twice(long n);
long second_tentative(long n);
long answer(void);
/* Nobody defines it. */
__attribute__((weak)) long nobody(long n);

long run(long which, long n);
long operation_count(void);
