// RateLimitPolicy: how many requests workloads take, in all or of each caller.
import { parseDuration } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import { count, type Finding, flag, list, mapOf, message, oneOfTexts, text } from '../schema.ts';
import { dnsLabel, duration, nonEmpty } from '../text-check.ts';
import { selector, type WorkloadSelector } from './selector.ts';

/** A policy of the root namespace is for workloads of all namespaces. */
export interface RateLimitPolicy {
  /** None: all workloads. */
  readonly selector?: WorkloadSelector;
  /** A request counts under each that it matches. */
  readonly limits: readonly RequestLimit[];
  /** True: requests are refused while the rate limit service can't be asked. */
  readonly failClosed?: boolean;
}

export interface RequestLimit {
  readonly name: string;
  /** Undefined: all requests. */
  readonly match?: RequestLimitMatch;
  /** One count for each combination of values; what a request does not have counts as one value. */
  readonly by?: readonly LimitKey[];
  readonly requests: number;
  /** A span of time: at least a second. */
  readonly per: string;
  /** LOCAL: each proxy counts for itself. GLOBAL, the default: the rate limit service counts for all. */
  readonly scope?: 'LOCAL' | 'GLOBAL';
}

/** All that is said must hold, and of a list one item; `*` at an end stands for anything. */
export interface RequestLimitMatch {
  readonly methods?: readonly string[];
  readonly paths?: readonly string[];
  readonly hosts?: readonly string[];
  readonly headers?: Readonly<Record<string, string>>;
}

/** One of these. `identity`: of mutual TLS; `claim`: of the token that was verified. */
export interface LimitKey {
  readonly header?: string;
  readonly path?: boolean;
  readonly identity?: boolean;
  readonly claim?: string;
}

const KEYS = ['header', 'path', 'identity', 'claim'] as const;

const headerName = text((value) =>
  /^[-!#$%&'*+.^_`|~0-9A-Za-z]+$/.test(value)
    ? undefined
    : { code: CODE.badValue, message: `${JSON.stringify(value)} is not the name of a header field` },
);

const claimName = text((value) =>
  /^[-_.A-Za-z0-9/]+$/.test(value)
    ? undefined
    : { code: CODE.badValue, message: `${JSON.stringify(value)} is not the name of a claim` },
);

const matched = list(
  text((value) =>
    value !== '' && !value.slice(1, -1).includes('*')
      ? undefined
      : { code: CODE.badValue, message: `${JSON.stringify(value)} is neither exact nor has its "*" at one end` },
  ),
  1,
);

const key = message(
  { header: headerName, path: flag, identity: flag, claim: claimName },
  { oneOf: [KEYS], check: checkKey },
);

const limit = message(
  {
    name: dnsLabel,
    match: message({ methods: list(nonEmpty, 1), paths: matched, hosts: matched, headers: mapOf(nonEmpty) }),
    by: list(key, 1),
    requests: count,
    per: duration,
    scope: oneOfTexts('LOCAL', 'GLOBAL'),
  },
  { required: ['name', 'requests', 'per'], check: checkLimit },
);

export const rateLimitPolicySchema = message(
  { selector, limits: list(limit, 1), failClosed: flag },
  { required: ['limits'], check: checkNames },
);

function checkKey(part: Readonly<Record<string, unknown>>): Finding[] {
  if (KEYS.some((name) => part[name] !== undefined && part[name] !== false)) return [];
  return [{ path: [], code: CODE.missing, message: `one of ${KEYS.join(', ')} is needed` }];
}

function checkLimit(part: Readonly<Record<string, unknown>>): Finding[] {
  const findings: Finding[] = [];
  if (part['requests'] === 0)
    findings.push({ path: ['requests'], code: CODE.badValue, message: 'must be more than 0' });
  const { per } = part;
  // What is no duration is refused already.
  if (typeof per === 'string' && (parseDuration(per) ?? Infinity) < 1000)
    findings.push({ path: ['per'], code: CODE.badDuration, message: 'must be at least 1s' });
  return findings;
}

function checkNames(spec: Readonly<Record<string, unknown>>): Finding[] {
  const limits = (Array.isArray(spec['limits']) ? spec['limits'] : []) as readonly { readonly name?: unknown }[];
  return limits.flatMap(({ name }, index): Finding[] =>
    limits.findIndex((other) => other.name === name) === index
      ? []
      : [
          {
            path: ['limits', index, 'name'],
            code: CODE.duplicate,
            message: `there is a limit ${JSON.stringify(name)} before`,
          },
        ],
  );
}
