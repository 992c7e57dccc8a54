/** callgate explore and callgate merge as their users meet them. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';

const program = resolve('dist/callgate.js');
const dir = mkdtempSync(join(tmpdir(), 'callgate-explore-'));
afterAll(() => rmSync(dir, { recursive: true, force: true }));

interface Said {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
}

function callgate(...args: string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { cwd: dir, encoding: 'utf8' });
  return { status, out: stdout, err: stderr };
}

const untimed = (text: string): string => text.replace(/\d+\.\d s/g, 'T s');

describe('bad input is one line, exit code 2', () => {
  writeFileSync(join(dir, 'empty.ndjson'), '');
  writeFileSync(join(dir, 'other.ndjson'), '{"kind":"insn"}\n');
  // A failure that does not say how many preemptions it takes.
  const failure = { failure: 'x', schedule: '-', switches: 0 };
  const asked = { scenario: 'x', without: [], strategy: 'random', seed: '0' };
  const counts = { schedules: 1, runs: 1, exhausted: false, shard: { index: 1, of: 1 } };
  writeFileSync(
    join(dir, 'damaged.ndjson'),
    `${JSON.stringify({ callgate: 'explore', asked, ...counts, failures: [failure] })}\n`,
  );

  // biome-ignore format: table
  test.each([
    [['explore', 'calback'],                             "callgate: no scenario is called 'calback'; did you mean callback? (callgate list shows them all)"],
    [['explore', 'callback', '--strategy', 'luck'],      'callgate: --strategy luck: give one of exhaustive, random, pct, round-robin'],
    [['explore', 'callback', '--without', 'everything'], "callgate: no fix 'everything'; there are msanwrite, keepalive, reentersyscall, munmap-intercept, race-after-exitsyscall, clear-m-p"],
    [['explore', 'callback', '--bound', '-1'],           'callgate: --bound -1: give a number from 0 to 100'],
    [['explore', 'callback', '--bound', 'two'],          "callgate: --bound 'two': give a whole number, decimal or 0x…"],
    [['explore', 'callback', '--budget', '0'],           'callgate: --budget 0: give a number from 1 to 1000000000'],
    [['explore', 'callback', '--workers', '0'],          'callgate: --workers 0: give a number from 1 to 256'],
    [['explore', 'callback', '--shard', '3/2'],          'callgate: --shard 3/2: there are shards 1/2 to 2/2'],
    [['explore', 'callback', '--shard', '0/2'],          'callgate: --shard 0/2: there are shards 1/2 to 2/2'],
    [['explore', 'callback', '--shard', '1/0'],          "callgate: --shard '1/0': write INDEX/COUNT, as in 1/4"],
    [['explore', 'callback', '--shard', 'half'],         "callgate: --shard 'half': write INDEX/COUNT, as in 1/4"],
    [['explore', 'callback', '--strategy', 'pct', '--bound', '1'],    'callgate: --bound goes with --strategy exhaustive'],
    [['explore', 'callback', '--depth', '1'],            'callgate: --depth goes with --strategy pct'],
    [['explore', 'callback', '--schedule', '0', '--bound', '2'],      'callgate: --schedule is one run: it does not go with --bound'],
    [['explore', 'callback', '--schedule', '0*3;1'],     "callgate: --schedule '0*3;1': part 1 is '0*3;1': write THREAD*STEPS, as in 0*153,1*20,0*3"],
    [['explore', 'callback', '--schedule', '0*3,9'],     'callgate: --schedule: part 2 of the schedule, 9: thread 9 cannot move at step 3; those who can: 0; it was made on another run'],
    [['explore', 'callback', '--known', 'missing'],      'callgate: missing: no such file or directory'],
    [['merge', 'damaged.ndjson'],                        'callgate: damaged.ndjson:1: is not a line of callgate explore --ndjson'],
    [['merge', 'missing.ndjson'],                        'callgate: missing.ndjson: no such file or directory'],
    [['merge', 'empty.ndjson'],                          'callgate: empty.ndjson: is empty; give it what callgate explore --ndjson printed'],
    [['merge', 'other.ndjson'],                          'callgate: other.ndjson:1: is not a line of callgate explore --ndjson'],
  ] as const)('callgate %j', (args, line) => {
    expect(callgate(...args)).toEqual({ status: 2, out: '', err: `${line}\n` });
  });
});

describe('explore', () => {
  test('says what was explored, and that it was exhausted', () => {
    const { status, out, err } = callgate('explore', 'callback');
    expect([status, err]).toEqual([0, '']);
    expect(out).toMatch(
      /^callback: with at most 1 preemption, .*\n {2}0 preemptions: 1 schedule\nexhausted, and all held: 1 schedule \(1 run, /,
    );
  });

  test('a failure comes with the line that runs it again', () => {
    const { status, out } = callgate('explore', 'syscall-frame', '--without', 'reentersyscall');
    expect(status).toBe(1);
    expect(out).toMatch(/^✗ .+\n {4}on - {3}0 preemptions, /);
    const line = /again: callgate (.*)/.exec(out)![1]!;
    expect(line).toBe("explore syscall-frame --without reentersyscall --schedule '-'");
    const again = callgate(...line.replaceAll("'", '').split(' '));
    expect(again.status).toBe(1);
    expect(again.out.split('\n')[0]).toBe(out.split('\n')[0]);
    expect(callgate('explore', 'syscall-frame', '--schedule', '-')).toMatchObject({ status: 0 });
  });

  test.each(['random', 'pct', 'round-robin'])(
    'by %s, the same whatever the number of workers, and twice over',
    (strategy) => {
      const run = (...more: string[]): string =>
        untimed(callgate('explore', 'callback', '--strategy', strategy, '--budget', '70', ...more).out);
      const one = run('--workers', '1');
      expect(one).toBe(
        `callback: by ${strategy}${strategy === 'pct' ? ', depth 3' : ''}\nall held: 70 schedules (70 runs, T s)\n`,
      );
      expect(run('--workers', '2', '--twice')).toBe(one);
    },
  );

  test('--json and --ndjson hold the same', () => {
    const json = callgate('explore', 'callback', '--json').out;
    const line = callgate('explore', 'callback', '--ndjson').out;
    expect(line.trimEnd()).not.toContain('\n');
    expect(JSON.parse(json)).toEqual(JSON.parse(line));
    expect(JSON.parse(line)).toMatchObject({
      callgate: 'explore',
      schedules: 1,
      exhausted: true,
      failures: [],
      shard: { index: 1, of: 1 },
    });
  });
});

describe('merge', () => {
  const shard = (name: string, ...args: string[]): string => {
    const file = `${name}.ndjson`;
    writeFileSync(join(dir, file), callgate('explore', ...args, '--ndjson').out);
    return file;
  };

  test('joins shards, and says what is missing', () => {
    const files = [1, 2, 3].map((i) =>
      shard(`r${i}`, 'callback', '--strategy', 'random', '--budget', '10', '--shard', `${i}/3`),
    );
    expect(callgate('merge', ...files)).toEqual({
      status: 0,
      out: 'callback: by random, 3 shards\nall held: 10 schedules (10 runs)\n',
      err: '',
    });
    expect(callgate('merge', files[1]!)).toEqual({
      status: 2,
      out: '',
      err: 'callgate: merge: missing: shard 1/3, 3/3\n',
    });
    expect(callgate('merge', files[1]!, ...files).err).toBe('callgate: merge: shard 2/3 is there twice\n');
    const other = shard('other', 'callback', '--strategy', 'random', '--seed', '1', '--budget', '10', '--shard', '3/3');
    expect(callgate('merge', files[0]!, other).err).toBe(
      'callgate: merge: shard 3/3 is of another exploration than shard 1/3\n',
    );
  });

  test('one failing shard makes exit code 1, and its replay line is printed', () => {
    const args = ['syscall-frame', '--without', 'reentersyscall'];
    const files = [1, 2].map((i) => shard(`f${i}`, ...args, '--shard', `${i}/2`));
    const { status, out } = callgate('merge', ...files);
    expect(status).toBe(1);
    expect(out).toContain("again: callgate explore syscall-frame --without reentersyscall --schedule '-'");
    expect(JSON.parse(callgate('merge', ...files, '--json').out)).toMatchObject({ shards: 2, exhausted: false });
  });
});
