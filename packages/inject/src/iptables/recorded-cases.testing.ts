// The recorded cases of traffic redirection: command line and surroundings → rules.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

import { fixtureFolder } from '@meltemi/testkit';

import { type RedirectHost, redirectCommand } from './redirect-flags.ts';
import { type FamilyPlan, redirectPlan } from './redirect-plan.ts';

export interface RecordedCase {
  readonly name: string;
  readonly argv: readonly [string, ...string[]];
  readonly env?: Readonly<Record<string, string>>;
  readonly enableIPv6?: boolean;
  readonly dnsServersV4?: readonly string[];
  readonly dnsServersV6?: readonly string[];
  readonly expected?: string;
  readonly expectedSave?: { readonly ipv4: string };
}

const folder = fixtureFolder('iptables');

/** The reason to skip, or false. */
export const noCases = folder === undefined && '17 cases: no folder of fixtures';

export const recordedCases: readonly RecordedCase[] =
  folder === undefined
    ? []
    : (JSON.parse(readFileSync(join(folder, 'cases.json'), 'utf8')) as { cases: RecordedCase[] }).cases;

export function readRecorded(path: string): string {
  return readFileSync(join(folder!, path), 'utf8');
}

export function planOf({ argv, env, enableIPv6, dnsServersV4, dnsServersV6 }: RecordedCase): readonly FamilyPlan[] {
  const host: RedirectHost = {
    env: env ?? {},
    hasIpv6: () => enableIPv6 ?? false,
    nameServers: () => [...(dnsServersV4 ?? []), ...(dnsServersV6 ?? [])],
  };
  const [program, ...args] = argv;
  return redirectPlan(redirectCommand(program, args, host));
}
