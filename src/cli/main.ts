/**
 * The command line: parses it, loads and runs a command, turns every failure into one line and an exit code. A command is
 * loaded when it is asked for: what the others are made of would take longer than most of them.
 */
import { Command, CommanderError, Option } from 'commander';
import { cpuNames } from '#emu/cpu/models.ts';
import { strategies } from '#runtime/explore/strategies.ts';
import { asmFormats, caretModes, engineNames, syntaxes, topicNames } from './choices.ts';
import type { AsmOptions } from './commands/asm.ts';
import type { DisasmOptions } from './commands/disasm.ts';
import type { ExecOptions } from './commands/exec.ts';
import type { ExploreOptions } from './commands/explore.ts';
import type { LockstepOptions } from './commands/lockstep.ts';
import type { RegressOptions } from './commands/regress.ts';
import type { TraceOptions } from './commands/trace.ts';
import type { RunOptions } from './context.ts';
import type { EngineOptions } from './engines.ts';
import { output } from './output.ts';
import { progressDone } from './progress.ts';
import { version } from './version.ts';

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

const program = new Command('callgate')
  .description(
    "An x86-64 machine for the places where Go meets C: runs the amd64 assembly of Go's runtime, instruction by instruction, and checks what it must keep true.",
  )
  .version(version, '-V, --version', 'print the version')
  .helpOption('-h, --help', 'print this help')
  .helpCommand('help [command]', 'print the help of a command')
  .enablePositionalOptions()
  .exitOverride()
  .configureHelp({
    // Lists begin empty: only a default that says something is worth its place.
    optionDescription: ({ description, argChoices, defaultValue }) => {
      const notes = argChoices ? [`one of ${argChoices.join(', ')}`] : [];
      if (defaultValue !== undefined && !Array.isArray(defaultValue)) notes.push(`default: ${defaultValue}`);
      return notes.length ? `${description} (${notes.join('; ')})` : description;
    },
    argumentDescription: ({ description, defaultValue }) =>
      defaultValue === undefined ? description : `${description} (default: ${defaultValue})`,
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
  callgate regress                              the five historic bugs, without their fix and with it
  callgate explore retaken-p                    every schedule with at most one preemption
  callgate trace mmap --on curg --residue 8     every instruction of one run
  callgate trace munmap --fail munmap:EINVAL@1  with a system call made to fail
  callgate lockstep interp unicorn mmap         two engines, to the first difference
  callgate asm my_stub.s                        offsets, bytes, relocations
  callgate disasm --hex '48 89 c3'              and back

Exit status: 0 all held, 1 a check failed, 2 bad input.`,
  );

/** Options of the commands that run something on one engine. */
function executing(c: Command): Command {
  return running(c)
    .option('--engine <name>', `what executes the instructions: ${engineNames.join(', ')} (default: jit)`)
    .option('--unicorn-js <file>', 'with --engine unicorn: this unicorn.js, in place of looking for one');
}

/** Options of the commands that run something. */
function running(c: Command): Command {
  return assembling(c)
    .option('--goroot <dir>', "run the stubs of this Go 1.19 tree instead of callgate's own")
    .option('--without <fix>', 'leave out a historic fix: callgate list fixes (repeatable)', collect, [])
    .option('--seed <n>', 'seed of the junk that C functions leave in registers they may destroy', '0')
    .option(
      '--fail <rule>',
      'make a system call fail: mmap:ENOMEM, mmap:ENOMEM@2, munmap:EINVAL@1-3 (repeatable)',
      collect,
      [],
    )
    .option(
      '--c <file.o>',
      'C for the scenario, compiled by gcc -c: its functions replace those of the same name (repeatable)',
      collect,
      [],
    )
    .option('--arg <n>', 'argument word for FILE.s:SYMBOL (repeatable)', collect, [])
    .option('--budget <n>', 'stop a run after this many instructions')
    .addOption(new Option('--cpu <model>', 'the processor').choices(cpuNames).default('v3'))
    .option('--json', 'print JSON');
}

/** Options of the commands that assemble a file. */
function assembling(c: Command): Command {
  return c
    .option('-I, --include <dir>', 'look for #include files here first (repeatable)', collect, [])
    .option('-D, --define <name[=value]>', 'define a preprocessor name (repeatable)', collect, [])
    .option('-e, --all-errors', 'say every error of a file, not only the first ten')
    .addOption(
      new Option('--caret <when>', 'below an error, its source line and a caret; auto is on a terminal')
        .choices(caretModes)
        .default('auto'),
    );
}

/** Options of the commands that do one run. */
function tracing(c: Command): Command {
  return c
    .option('--on <stack>', 'where it starts: g0, curg or gsignal', 'curg')
    .option('--residue <n>', 'bytes taken off every stack, 0 to 15', '0')
    .option('--situation <name>', "which of the scenario's situations (the beginning of its name is enough)")
    .option('--schedule <line>', 'whose turn it is, where there are several threads: THREAD*STEPS, as in 0*153,1*20')
    .option('--scenario <name>', 'which of the scenarios that FILE.s takes part in');
}

let status = 0;

executing(program.command('run'))
  .summary('verdicts for every stub, stack and alignment')
  .description(
    'Run scenarios from g0, the goroutine and gsignal, with all 16 values of RSP mod 16, and print a table of verdicts. With FILE.s, the functions it defines replace the stubs of the same name; FILE.s:SYMBOL calls one function.',
  )
  .argument('[scenario|FILE.s[:SYMBOL]]', 'what to run; everything when left out')
  .action(async (target: string | undefined, options: RunOptions & Partial<EngineOptions>) => {
    const [{ onEngine }, { run }] = await Promise.all([import('./engines.ts'), import('./commands/run.ts')]);
    status = await onEngine(options, (engine) => run(target, options, engine));
  });

program
  .command('regress')
  .summary('the five historic bugs, without their fix and with it')
  .description(
    'Look for a schedule on which each of the five regressions fails without its fix, print it with the moment it goes wrong, and look as far for one with the fix. Exit status 0 when all five fail without and hold with.',
  )
  .argument('[R1…R5]', 'which; all five when left out')
  .option('--goroot <dir>', "on the stubs of this Go 1.19 tree instead of callgate's own")
  .option('--seed <n>', 'seed of the junk that functions leave in registers they may destroy', '0')
  .option('--json', 'print JSON')
  .action(async (name: string | undefined, options: RegressOptions) => {
    const { regress } = await import('./commands/regress.ts');
    status = await regress(name === undefined ? [] : [name], options);
  });

program
  .command('explore')
  .summary('a scenario under one schedule after another')
  .description(
    'Look for a schedule on which a scenario fails: every one with at most so many preemptions (exhaustive), or many by chance (random, pct) or by rule (round-robin). A failing schedule is made as simple as it gets and printed with the line that runs it again. Exit status 1 when one was found.',
  )
  .argument('<scenario>', 'what to explore')
  .option('--situation <name>', "which of the scenario's situations (the beginning of its name is enough)")
  .option('--without <fix>', 'leave out a historic fix (repeatable)', collect, [])
  .option('--strategy <name>', `how: ${strategies.join(', ')}`, 'exhaustive')
  .option('--bound <n>', 'exhaustive: at most so many preemptions (default: 1)')
  .option('--patience <n>', 'exhaustive: pass over a thread so often, for one that only waits (default: 3)')
  .option('--depth <n>', 'pct: how many events must come in order for a failure (default: 3)')
  .option('--budget <n>', 'at most so many runs (default: exhaustive has no limit, the others take 1000)')
  .option('--seed <n>', 'seed of random and pct, and of the junk in registers', '0')
  .option('--all', 'go on after a failure, and show one of each kind')
  .option('--shard <i/n>', 'only this part of the schedules; callgate merge puts the parts together')
  .option('--known <file>', 'exhaustive: begin with the shared words of these results (repeatable)', collect, [])
  .option('--workers <n>', 'how many processors to use (default: all)')
  .option('--schedule <line>', "one run, on this schedule: THREAD*STEPS, as in 0*153,1*20; '-' is as it goes by itself")
  .option('--twice', 'make every run two times, and insist that both are the same')
  .option('--goroot <dir>', "on the stubs of this Go 1.19 tree instead of callgate's own")
  .option('--json', 'print JSON')
  .option('--ndjson', 'print JSON on one line, as callgate merge reads it')
  .action(async (scenario: string, options: ExploreOptions) => {
    const { exploreCommand } = await import('./commands/explore.ts');
    status = await exploreCommand(scenario, options);
  });

program
  .command('merge')
  .summary('the shards of an exploration, as one result')
  .description(
    'Read what callgate explore --shard i/n --ndjson printed for every i, and say what it comes to. Exit status 1 when any shard found a failure.',
  )
  .argument('<FILE...>', 'files of NDJSON')
  .option('--json', 'print JSON')
  .action(async (files: string[], options: { json?: boolean }) => {
    const { merge } = await import('./commands/merge.ts');
    status = merge(files, options);
  });

tracing(executing(program.command('trace')))
  .summary('one run, instruction by instruction')
  .description(
    'Print every retired instruction with its address, source line, bytes and what it changed, and the system calls, host calls and stack switches in between. The same input gives the same bytes.',
  )
  .argument('<scenario|FILE.s[:SYMBOL]>', 'what to trace')
  .action(async (target: string, options: TraceOptions & Partial<EngineOptions>) => {
    const [{ onEngine }, { trace }] = await Promise.all([import('./engines.ts'), import('./commands/trace.ts')]);
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
  .option('--unicorn-js <file>', 'where an engine is unicorn: this unicorn.js, in place of looking for one')
  .option('--save <file>', 'write the first difference there, as a reproducer')
  .option('--replay <file>', 'run a reproducer again, in place of a scenario')
  .action(async (a: string, b: string, target: string | undefined, options: LockstepOptions) => {
    const { lockstepCommand } = await import('./commands/lockstep.ts');
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
    const [{ onEngine }, { exec }] = await Promise.all([import('./engines.ts'), import('./commands/exec.ts')]);
    status = await onEngine(options, (engine) => exec(path, args, options, engine));
  });

assembling(program.command('asm'))
  .summary('what files assemble to')
  .description(
    'Assemble files of Go assembly, each by itself: as a listing, a table of symbols, bytes in hexadecimal, all that the object says in JSON, or an ELF object that ld, objdump and gdb read. Several files come one below the other, their JSON one a line, or with -o into a folder. One that does not assemble does not keep the others from it; the exit status is 2 then.',
  )
  .argument('<FILE.s...>')
  .option('--goroot <dir>', 'take headers from this Go tree')
  .addOption(new Option('--format <kind>', 'what to make of it').choices(asmFormats).default('listing'))
  .option(
    '-o, --output <path>',
    'the file to put it in, or a folder: then a.s becomes a.o there, or a.lst, a.sym, a.hex, a.json; a folder that ends in / is made. A file is written whole or not at all',
  )
  .option('-p, --package <path>', "with --format elf: what a name's leading · stands for", 'main')
  .addOption(
    new Option('--goamd64 <version>', 'what GOAMD64 is: the file sees it as GOAMD64_v1 …')
      .choices(['v1', 'v2', 'v3', 'v4'])
      .default('v1'),
  )
  .option('--json', 'the same as --format obj-json')
  .action(async (paths: string[], options: AsmOptions) => {
    const { asm } = await import('./commands/asm.ts');
    status = await asm(paths, options);
  });

program
  .command('disasm')
  .summary('machine code back to text')
  .description(
    "Disassemble an ELF executable or object, symbol by symbol, or bytes: a file of them, or of hexadecimal digits, or --hex. In Go's syntax the output assembles to the same bytes again; what Go has no spelling for is BYTE, with its meaning beside it.",
  )
  .argument('[FILE]', 'an ELF file, bytes, or hexadecimal digits')
  .option('--hex <bytes>', "these bytes, in place of a file: '48 89 c3'")
  .option('--at <address>', 'where bytes that are no ELF file lie', '0')
  .addOption(new Option('--syntax <name>', 'whose assembly language').choices(syntaxes).default('go'))
  .option('--symbol <name>', 'only this one')
  .option('--json', 'print JSON')
  .action(async (path: string | undefined, options: DisasmOptions) => {
    const { disasm } = await import('./commands/disasm.ts');
    status = await disasm(path, options);
  });

program
  .command('list')
  .summary('scenarios, checks, system calls, instructions')
  .description('List what there is.')
  .argument('[topic]', topicNames.join(', '), 'scenarios')
  .option('--json', 'print JSON')
  .action(async (topic: string, options: { json?: boolean }) => {
    const { list } = await import('./commands/list.ts');
    status = await list(topic, options);
  });

for (const c of program.commands) {
  c.exitOverride()
    .configureOutput(program.configureOutput())
    .showHelpAfterError(`(callgate ${c.name()} --help shows what it takes)`);
}

try {
  if (process.argv.length <= 2) program.outputHelp();
  else await program.parseAsync();
} catch (e) {
  progressDone();
  if (e instanceof CommanderError) status = e.exitCode === 0 ? 0 : 2;
  else status = (await import('./explain.ts')).explain(e);
}
process.exitCode = status;
