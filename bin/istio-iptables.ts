#!/usr/bin/env node
// istio-iptables: leads the traffic of this network namespace to its sidecar, or takes that back.
import { spawn } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { basename } from 'node:path';
import { text } from 'node:stream/consumers';

import {
  applyPlan,
  FlagError,
  printPlan,
  type ProgramResult,
  REDIRECT_USAGE,
  RedirectError,
  type RedirectHost,
  redirectCommand,
  redirectPlan,
  removePlan,
} from '@meltemi/inject';

const RESOLVER = '/etc/resolv.conf';

process.exitCode = await main().catch((error: unknown) => {
  if (!(error instanceof FlagError) && !(error instanceof RedirectError)) throw error;
  process.stderr.write(`istio-iptables: ${error.message}\n`);
  return 1;
});

async function main(): Promise<number> {
  const [, script = '', ...args] = process.argv;
  if (args.includes('--help') || args.includes('-h')) return print(REDIRECT_USAGE);
  const command = redirectCommand(basename(script), args, host());
  const plan = redirectPlan(command);
  if (command.action === 'print') return print(printPlan(plan));
  if (command.action === 'cleanup') await removePlan(plan, run);
  else await applyPlan(plan, run);
  return 0;
}

function print(words: string): number {
  process.stdout.write(words);
  return 0;
}

function host(): RedirectHost {
  return { env: process.env, hasIpv6, nameServers };
}

/** The first address counts that others can reach; with two families, any of them. */
function hasIpv6(dualStack: boolean): boolean {
  const addresses = Object.values(networkInterfaces())
    .flatMap((list) => list ?? [])
    .filter(({ internal, address }) => !internal && !address.startsWith('fe80:'));
  return (dualStack ? addresses : addresses.slice(0, 1)).some(({ family }) => family === 'IPv6');
}

function nameServers(): readonly string[] {
  const lines = existsSync(RESOLVER) ? readFileSync(RESOLVER, 'utf8').split('\n') : [];
  return lines.flatMap((line) => /^nameserver\s+(\S+)/.exec(line)?.[1] ?? []);
}

async function run(program: string, args: readonly string[], stdin = ''): Promise<ProgramResult> {
  const child = spawn(program, args, { stdio: 'pipe' });
  const ended = new Promise<number>((resolve, reject) => {
    child.once('error', (error) => reject(new RedirectError(`${program}: ${error.message}`)));
    child.once('close', (code) => resolve(code ?? 1));
  });
  child.stdin.on('error', () => undefined);
  child.stdin.end(stdin);
  const [stdout, stderr, code] = await Promise.all([text(child.stdout), text(child.stderr), ended]);
  return { code, stdout, stderr };
}
