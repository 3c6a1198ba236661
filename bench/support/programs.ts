// The programs that are measured, one worker each, and the path of those that `./mesh bench` has set up.
import { dirname } from 'node:path';
import type { Program } from './program.ts';

/** The path of a component's program. Throws when `./mesh bench` didn't set it up. */
export function component(variable: string): string {
  const path = process.env[variable];
  if (!path) throw new Error(`${variable} is not set: run this by ./mesh bench`);
  return path;
}

/** Our sidecar from a bundle, as `./mesh` runs it; `profiles`: a folder for CPU profiles of V8. */
export function meltemi(name: string, bundle: string, profiles?: string): Program {
  const node = profiles === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profiles}`];
  const program = [process.execPath, '--max-semi-space-size=4', ...node, `${bundle}/proxy.js`];
  return {
    name,
    command: (file) => [...program, '--config-path', file, '--concurrency', '1', '-l', 'warn', '--drain-time-s', '1'],
  };
}

export const envoy: Program = {
  name: 'envoy',
  command: (file) =>
    [component('MELTEMI_ENVOY'), '--config-path', file, '--concurrency', '1'].concat([
      '-l',
      'error',
      '--use-dynamic-base-id',
    ]),
};

export const nginx: Program = {
  name: 'nginx',
  command: (file) => [component('MELTEMI_NGINX'), '-p', dirname(file), '-c', file],
};

export const haproxy: Program = {
  name: 'haproxy',
  command: (file) => [component('MELTEMI_HAPROXY'), '-db', '-f', file],
};
