/** The command line: parses it, runs a command, turns every failure into one line and an exit code. */
import { Command, CommanderError, Option } from 'commander';
import { LinkError } from '#asm/link.ts';
import { cpuNames } from '#emu/cpu/models.ts';
import { RuleError } from '#emu/linux/rules.ts';
import { ImageTooLarge } from '#runtime/world.ts';
import { type AsmOptions, asm } from './commands/asm.ts';
import { type ExecOptions, exec } from './commands/exec.ts';
import { list, topicNames } from './commands/list.ts';
import { type LockstepOptions, lockstepCommand } from './commands/lockstep.ts';
import { run } from './commands/run.ts';
import { type TraceOptions, trace } from './commands/trace.ts';
import { AssemblyErrors, type RunOptions } from './context.ts';
import { type EngineOptions, engineNames, onEngine } from './engines.ts';
import { InputError } from './fail.ts';
import { output } from './output.ts';
import { progressDone } from './progress.ts';
import { version } from './version.ts';

/** As Go's assembler: after this many the rest is not printed. */
const MAX_ERRORS = 10;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

const program = new Command('callgate')
  .description(
    "An x86-64 machine for the places where Go meets C: runs the amd64 assembly of Go's runtime, instruction by instruction, and checks what it must keep true.",
  )
  .version(version, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .enablePositionalOptions()
  .exitOverride()
  .configureHelp({
    // Lists begin empty: only a default that says something is worth its place.
    optionDescription: ({ description, defaultValue }) =>
      defaultValue === undefined || Array.isArray(defaultValue)
        ? description
        : `${description} (default: ${defaultValue})`,
  })
  .configureOutput({
    writeOut: (text) => {
      const print = output();
      print(text.trimEnd());
      print.flush();
    },
    outputError: (text, write) => write(text.replace(/^error: /, 'callgate: ')),
  })
  .showHelpAfterError('(callgate --help shows the commands)')
  .addHelpText(
    'after',
    `
Examples:
  callgate run                                  every scenario, from every stack, at all 16 alignments of RSP
  callgate run --goroot "$(go env GOROOT)"      the same on Go's own assembly
  callgate run my_stub.s                        your file in place of the stubs it defines
  callgate run sum.s:·Sum --arg 2 --arg 3       call one function
  callgate trace mmap --on curg --residue 8     every instruction of one run
  callgate trace munmap --fail munmap:EINVAL@1  with a system call made to fail
  callgate lockstep interp unicorn mmap          two engines, to the first difference
  callgate asm my_stub.s                        offsets, bytes, relocations

Exit status: 0 all held, 1 a check failed, 2 bad input.`,
  );

/** Options of the commands that run something. */
function running(c: Command): Command {
  return c
    .option('--goroot <dir>', "run the stubs of this Go 1.19 tree instead of callgate's own")
    .option('--seed <n>', 'seed of the junk that C functions leave in registers they may destroy', '0')
    .option(
      '--fail <rule>',
      'make a system call fail: mmap:ENOMEM, mmap:ENOMEM@2, munmap:EINVAL@1-3 (repeatable)',
      collect,
      [],
    )
    .option('--arg <n>', 'argument word for FILE.s:SYMBOL (repeatable)', collect, [])
    .option('--budget <n>', 'stop a run after this many instructions')
    .option('--engine <name>', `what executes the instructions: ${engineNames.join(', ')} (default: jit)`)
    .option('--unicorn-js <file>', 'with --engine unicorn: this unicorn.js, in place of looking for one')
    .addOption(new Option('--cpu <model>', 'the processor').choices(cpuNames).default('v3'))
    .option('-I, --include <dir>', 'look for #include files here first (repeatable)', collect, [])
    .option('-D, --define <name[=value]>', 'define a preprocessor name (repeatable)', collect, [])
    .option('--json', 'print JSON');
}

/** Options of the commands that do one run. */
function tracing(c: Command): Command {
  return c
    .option('--on <stack>', 'where it starts: g0, curg or gsignal', 'curg')
    .option('--residue <n>', 'bytes taken off every stack, 0 to 15', '0')
    .option('--situation <name>', "which of the scenario's situations (the beginning of its name is enough)")
    .option('--scenario <name>', 'which of the scenarios that FILE.s takes part in');
}

let status = 0;

running(program.command('run'))
  .summary('verdicts for every stub, stack and alignment')
  .description(
    'Run scenarios from g0, the goroutine and gsignal, with all 16 values of RSP mod 16, and print a table of verdicts. With FILE.s, the functions it defines replace the stubs of the same name; FILE.s:SYMBOL calls one function.',
  )
  .argument('[scenario|FILE.s[:SYMBOL]]', 'what to run; everything when left out')
  .action(async (target: string | undefined, options: RunOptions & Partial<EngineOptions>) => {
    status = await onEngine(options, (engine) => run(target, options, engine));
  });

tracing(running(program.command('trace')))
  .summary('one run, instruction by instruction')
  .description(
    'Print every retired instruction with its address, source line, bytes and what it changed, and the system calls, host calls and stack switches in between. The same input gives the same bytes.',
  )
  .argument('<scenario|FILE.s[:SYMBOL]>', 'what to trace')
  .action(async (target: string, options: TraceOptions & Partial<EngineOptions>) => {
    status = await onEngine(options, (engine) => trace(target, options, engine));
  });

tracing(running(program.command('lockstep')))
  .summary('two engines, step by step, to the first difference')
  .description(
    'Run one scenario or function on two engines at once and compare every register and every byte of memory after each instruction. Prints the first difference; --save writes it to a file that --replay runs again.',
  )
  .argument('<A>', `an engine: ${engineNames.join(', ')}`)
  .argument('<B>', 'another')
  .argument('[scenario|FILE.s[:SYMBOL]]', 'what to run')
  .addOption(
    new Option('--by <pace>', 'compare after every step, or after every block')
      .choices(['step', 'block'])
      .default('step'),
  )
  .option('--save <file>', 'write the first difference there, as a reproducer')
  .option('--replay <file>', 'run a reproducer again, in place of a scenario')
  .action(async (a: string, b: string, target: string | undefined, options: LockstepOptions) => {
    status = await lockstepCommand(a, b, target, options);
  });

program
  .command('exec')
  .summary('a static x86-64 Linux program, as a shell would run it')
  .description(
    'Run a statically linked ELF executable. Its output is its own; the exit status too: 128 + n when signal n killed it, 124 when the budget is used up, 125 when it needs what callgate does not have. Options for callgate go before FILE.',
  )
  .argument('<FILE>', 'the program')
  .argument('[ARGS...]', 'its arguments')
  .passThroughOptions()
  .option(
    '--env <NAME=value>',
    'put a variable into its environment, which is empty otherwise (repeatable)',
    collect,
    [],
  )
  .option('--seed <n>', 'what the sixteen random bytes say that Linux gives to a program', '0')
  .option('--budget <n>', 'stop after this many instructions')
  .option('--stats', 'say at the end how many instructions it took, and how fast they were')
  .option('--engine <name>', `what executes the instructions: ${engineNames.join(', ')} (default: jit)`)
  .option('--unicorn-js <file>', 'with --engine unicorn: this unicorn.js, in place of looking for one')
  .addOption(new Option('--cpu <model>', 'the processor').choices(cpuNames).default('v3'))
  .action(async (path: string, args: string[], options: ExecOptions & Partial<EngineOptions>) => {
    status = await onEngine(options, (engine) => exec(path, args, options, engine));
  });

program
  .command('asm')
  .summary('what a file assembles to')
  .description('Assemble one file of Go assembly and print its listing, bytes or symbols.')
  .argument('<FILE.s>')
  .option('--goroot <dir>', 'take headers from this Go tree')
  .option('-I, --include <dir>', 'look for #include files here first (repeatable)', collect, [])
  .option('-D, --define <name[=value]>', 'define a preprocessor name (repeatable)', collect, [])
  .addOption(
    new Option('--format <kind>', 'what to print: listing, bytes or symbols')
      .choices(['listing', 'bytes', 'symbols'])
      .default('listing'),
  )
  .option('--json', 'print JSON')
  .action((path: string, options: AsmOptions) => {
    status = asm(path, options);
  });

program
  .command('list')
  .summary('scenarios, checks, system calls, instructions')
  .description('List what there is.')
  .argument('[topic]', topicNames.join(', '), 'scenarios')
  .option('--json', 'print JSON')
  .action((topic: string, options: { json?: boolean }) => {
    status = list(topic, options);
  });

for (const c of program.commands) c.exitOverride().configureOutput(program.configureOutput());

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (e) {
  progressDone();
  status = explain(e);
}
process.exitCode = status;

/** One line for what the user got wrong; our own mistakes are said to be ours. Returns the exit code. */
function explain(e: unknown): number {
  if (e instanceof CommanderError) return e.exitCode === 0 ? 0 : 2;
  if (e instanceof AssemblyErrors || e instanceof LinkError) {
    const lines = e.diagnostics.slice(0, MAX_ERRORS).map((d) => `${d.at.file}:${d.at.line}: ${d.message}`);
    const more = e.diagnostics.length - MAX_ERRORS;
    console.error([...lines, ...(more > 0 ? [`too many errors: ${more} more`] : [])].join('\n'));
    return 2;
  }
  if (e instanceof InputError || e instanceof RuleError || e instanceof ImageTooLarge) {
    console.error(`callgate: ${e.message}`);
    return 2;
  }
  console.error(
    `callgate: internal error, please report it: ${e instanceof Error ? `${e.name}: ${e.message}` : String(e)}`,
  );
  if (process.env['CALLGATE_DEBUG'] && e instanceof Error) console.error(e.stack);
  return 70;
}
