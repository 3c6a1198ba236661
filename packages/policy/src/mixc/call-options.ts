// The flags of `mixc check`, `report` and `quota` → what to ask of which Mixer.
import { parseArgs } from 'node:util';

import { parseSocketAddress, type SocketAddress } from '@meltemi/base';

import type { Value } from '../values/value.ts';

import { ATTRIBUTE_FLAGS, readAttributes, readPairs } from './attribute-flags.ts';
import { MixcError } from './mixc-error.ts';

export interface CallOptions {
  readonly mixer: SocketAddress;
  readonly repeat: number;
  readonly batchSize: number;
  readonly attributes: ReadonlyMap<string, Value>;
  readonly quotas: ReadonlyMap<string, bigint>;
}

export type CallCommand = 'check' | 'report' | 'quota';

export const CALL_USAGE = `Usage: mixc check [flags]     asks for a check, and takes quotas
       mixc quota [flags]     takes quotas: --name NAME --amount AMOUNT
       mixc report [flags]    reports a request

  -m, --mixer HOST:PORT         where Mixer is (default localhost:9091)
  -r, --repeat N                sends so many requests (default 1)
  -q, --quotas LIST             name1=amount1,name2=amount2
  -a, --attributes LIST         name1=value1,name2=value2, types as they look
  -s, --string_attributes LIST
  -i, --int64_attributes LIST
  -d, --double_attributes LIST
  -b, --bool_attributes LIST
  -t, --timestamp_attributes LIST  2017-07-04T00:01:10Z
      --duration_attributes LIST   1.5s
      --bytes_attributes LIST      name=c0:0:0:2
      --stringmap_attributes LIST  name=key:value;key:value
      --report_batch_size N        requests in one report (default 1)
`;

const OPTIONS = {
  mixer: { type: 'string', short: 'm', default: 'localhost:9091' },
  repeat: { type: 'string', short: 'r', default: '1' },
  quotas: { type: 'string', short: 'q', default: '' },
  name: { type: 'string', default: '' },
  amount: { type: 'string', default: '1' },
  report_batch_size: { type: 'string', default: '1' },
  help: { type: 'boolean', short: 'h', default: false },
} as const;

/** Undefined when help is asked for. Throws MixcError, and what parseArgs throws. */
export function callOptions(command: CallCommand, args: readonly string[]): CallOptions | undefined {
  const flags = Object.entries(ATTRIBUTE_FLAGS).map(([flag, { short }]) => {
    return [flag, { type: 'string' as const, ...(short !== undefined && { short }) }] as const;
  });
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: { ...OPTIONS, ...Object.fromEntries(flags) },
  });
  if (values.help) return undefined;
  if (positionals.length > 0) throw new MixcError(`'${positionals[0]}' is an invalid argument`);
  const texts = values as Readonly<Record<string, unknown>> as Readonly<Record<string, string>>;
  return {
    mixer: address(texts['mixer']!),
    repeat: count('repeat', texts['repeat']!),
    batchSize: count('report_batch_size', texts['report_batch_size']!),
    attributes: readAttributes(texts),
    quotas: command === 'quota' ? oneQuota(texts) : readQuotas(texts['quotas']!),
  };
}

function oneQuota(texts: Readonly<Record<string, string>>): ReadonlyMap<string, bigint> {
  if (texts['name'] === '' && texts['quotas'] === '') throw new MixcError('say which quota to take: --name NAME');
  return readQuotas(texts['quotas'] || `${texts['name']}=${texts['amount']}`);
}

function readQuotas(text: string): ReadonlyMap<string, bigint> {
  const quotas = readPairs(text, 'Quota definition').map(([name, amount]) => {
    if (!/^-?\d{1,18}$/.test(amount)) throw new MixcError(`Unable to parse quota value ${amount}`);
    return [name, BigInt(amount)] as const;
  });
  return new Map(quotas);
}

function address(text: string): SocketAddress {
  const found = parseSocketAddress(text.replace(/^localhost:/, '127.0.0.1:'));
  if (!found) throw new MixcError(`--mixer: ${JSON.stringify(text)} is not HOST:PORT`);
  return found;
}

function count(flag: string, text: string): number {
  if (!/^[1-9]\d{0,8}$/.test(text)) throw new MixcError(`--${flag}: ${JSON.stringify(text)} is not a number above 0`);
  return Number(text);
}
