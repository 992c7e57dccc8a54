/* Matrices of doubles, 24 by 24, multiplied two columns at a time with SSE2, argv[1] times. */
#include "start.h"

enum { N = 24 };
typedef double Pair __attribute__((vector_size(16)));
static Pair a[N][N / 2], b[N][N / 2], c[N][N / 2];

__attribute__((noipa)) static void multiply(void) {
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N / 2; j++) {
      Pair sum = {0, 0};
      for (int k = 0; k < N; k++) {
        double x = a[i][k / 2][k & 1];
        sum += (Pair){x, x} * b[k][j];
      }
      c[i][j] = sum;
    }
}

int main(int argc, char **argv) {
  u64 seed = 1, sum = 0;
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N / 2; j++)
      for (int k = 0; k < 2; k++) {
        a[i][j][k] = (double)(long)(random64(&seed) >> 44) / 1048576;
        b[i][j][k] = (double)(long)(random64(&seed) >> 44) / 1048576;
      }
  for (u64 repeats = argument(argc, argv, 1); repeats; repeats--) multiply();
  for (int i = 0; i < N; i++)
    for (int j = 0; j < N / 2; j++)
      for (int k = 0; k < 2; k++) {
        union { double d; u64 u; } bits = {c[i][j][k]};
        sum = (sum ^ bits.u) * 0x100000001b3;
      }
  print_hex(sum, 16);
  print("\n");
  return 0;
}
