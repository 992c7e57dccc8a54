// g's slot in thread-local storage: the pair becomes one FS-relative access.
#define get_tls(r) MOVQ TLS, r
#define g(r) 0(r)(TLS*1)
