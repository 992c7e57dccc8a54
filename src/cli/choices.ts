/** What options can be chosen from: all that the command line needs to know before it knows what to load. */
export const asmFormats = ['listing', 'symbols', 'hex', 'obj-json', 'elf'] as const;
export const caretModes = ['auto', 'always', 'never'] as const;
export const engineNames = ['interp', 'unicorn', 'jit', 'hardware'] as const;
export const syntaxes = ['go', 'intel', 'att'] as const;
export const topicNames = ['scenarios', 'checks', 'fixes', 'syscalls', 'instructions'] as const;
