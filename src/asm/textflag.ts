/** The flags of TEXT and GLOBL, by their names in Go's textflag.h. */
export const textFlags = {
  NOPROF: 1,
  DUPOK: 2,
  NOSPLIT: 4,
  RODATA: 8,
  NOPTR: 16,
  WRAPPER: 32,
  NEEDCTXT: 64,
  TLSBSS: 256,
  NOFRAME: 512,
  REFLECTMETHOD: 1024,
  TOPFRAME: 2048,
  ABIWRAPPER: 4096,
} as const;

export type TextFlag = keyof typeof textFlags;
