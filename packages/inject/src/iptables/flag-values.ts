// Texts of flags → checked values: what comes through here can't be anything else to iptables.
import { isIP, isIPv4 } from 'node:net';

import type { OwnerGroups, PortChoice, Ranges } from './redirect-settings.ts';

/** A flag that can't be understood. */
export class FlagError extends Error {
  readonly code = 'IPTABLES_FLAG';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FlagError';
  }
}

const ALL = '*';

export function number(text: string, most: number): number {
  const value = /^\d{1,10}$/.test(text) ? Number(text) : Number.NaN;
  if (value >= 1 && value <= most) return value;
  throw new FlagError(`"${text}" is not a number from 1 to ${most}`);
}

export function ports(list: string): readonly number[] {
  return words(list).map((port) => number(port, 65_535));
}

/** Ports are excluded from all of them only. */
export function portChoice(included: string, excluded: string): PortChoice {
  if (included === ALL) return { kind: 'all', except: ports(excluded) };
  return included === '' ? { kind: 'none' } : { kind: 'some', ports: ports(included) };
}

/** `*` among the ranges to exclude is not a range. */
export function ranges(list: string): Ranges {
  const all = words(list).map((range) => checkedRange(range));
  return { v4: all.filter((range) => !range.includes(':')), v6: all.filter((range) => range.includes(':')) };
}

function checkedRange(text: string): string {
  const [address = '', bits, ...rest] = text.split('/');
  const most = isIPv4(address) ? 32 : 128;
  const good = isIP(address) !== 0 && !address.includes('%') && rest.length === 0;
  if (!good || bits === undefined || !/^\d{1,3}$/.test(bits) || Number(bits) > most) {
    throw new FlagError(`"${text}" is not a range of addresses such as 10.0.0.0/8`);
  }
  return text;
}

export function ip(addresses: readonly string[]): Ranges {
  const known = addresses.filter((address) => isIP(address) !== 0 && !address.includes('%'));
  return { v4: known.filter((address) => isIPv4(address)), v6: known.filter((address) => !isIPv4(address)) };
}

/** Users and groups: names or ids. */
export function owners(list: string): readonly string[] {
  return matching(list, /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,31}$/, 'a name or id of a user or group');
}

export function interfaces(list: string): readonly string[] {
  return matching(list, /^[A-Za-z0-9_.:@+][A-Za-z0-9_.:@+-]{0,14}$/, 'the name of a network interface');
}

export function groups(included: string, excluded: string): OwnerGroups {
  if (included === ALL) return { kind: 'all-except', groups: owners(excluded) };
  return { kind: 'only', groups: owners(included) };
}

function matching(list: string, form: RegExp, expected: string): readonly string[] {
  for (const word of words(list)) if (!form.test(word)) throw new FlagError(`"${word}" is not ${expected}`);
  return words(list);
}

function words(list: string): readonly string[] {
  return list
    .split(',')
    .map((word) => word.trim())
    .filter((word) => word !== '');
}
