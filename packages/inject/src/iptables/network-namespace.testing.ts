// Network namespaces for tests: the rules of a plan in a kernel, away from those of the machine. Only root may make them.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import type { TestContext } from 'node:test';

import type { RunProgram } from './apply-plan.ts';

const LIMIT_MS = 20_000;
let namespaces = 0;

/** Why there can't be any here, or false. */
export function reasonAgainstNamespaces(): string | false {
  if (process.getuid?.() !== 0) return 'network namespaces need root';
  for (const program of ['ip', 'iptables-restore', 'ip6tables-restore']) {
    if (spawnSync(program, ['-V']).error) return `no program ${program}`;
  }
  const name = `meltemi-probe-${process.pid}`;
  const made = spawnSync('ip', ['netns', 'add', name]).status === 0;
  spawnSync('ip', ['netns', 'del', name]);
  return !made && 'this machine makes no network namespaces';
}

/** Makes one that goes with the test; answers with its name. */
export function networkNamespace(context: TestContext): string {
  const name = `meltemi-${process.pid}-${namespaces++}`;
  assert.equal(spawnSync('ip', ['netns', 'add', name]).status, 0);
  context.after(() => void spawnSync('ip', ['netns', 'del', name]));
  spawnSync('ip', ['-n', name, 'link', 'set', 'lo', 'up']);
  return name;
}

export function runIn(namespace: string): RunProgram {
  return (program, args, input = '') => {
    const options = { input, encoding: 'utf8', timeout: LIMIT_MS } as const;
    const { status, stdout, stderr } = spawnSync('ip', ['netns', 'exec', namespace, program, ...args], options);
    return Promise.resolve({ code: status ?? 1, stdout, stderr });
  };
}
