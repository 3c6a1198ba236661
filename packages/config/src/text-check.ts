// What a text field may hold: durations, regular expressions, names, hosts.
import { parseDuration } from '@meltemi/base';
import { RE2JS } from 're2js';

import { CODE } from './problem-code.ts';
import { text, type TextField } from './schema.ts';

/** A duration in Go's form, zero or longer. */
export const duration: TextField = text((value) => {
  const ms = parseDuration(value);
  if (ms === undefined) {
    const hint = /^\d+(\.\d+)?$/.test(value) ? `did you mean "${value}s"?` : 'write it like 1.5s, 100ms or 1m30s';
    return { code: CODE.badDuration, message: `${JSON.stringify(value)} is not a duration`, hint };
  }
  if (ms < 0) return { code: CODE.badDuration, message: `the duration ${value} is negative` };
  return undefined;
});

/** A regular expression in RE2's syntax, as Envoy takes. */
export const regex: TextField = text((value) => {
  try {
    RE2JS.compile(value);
    return undefined;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    return { code: CODE.badRegex, message: `${JSON.stringify(value)} is not a regular expression: ${reason}` };
  }
});

/** Text that must say something. */
export const nonEmpty: TextField = text((value) =>
  value === '' ? { code: CODE.badValue, message: 'must not be empty' } : undefined,
);

/** A name of an object: a DNS subdomain (RFC 1123). It becomes part of file names. */
export const objectName: TextField = text((value) =>
  value.length <= 253 && /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/.test(value)
    ? undefined
    : {
        code: CODE.badValue,
        message: `${JSON.stringify(value)} is not a name of an object`,
        hint: 'lower-case letters, digits, "-" and "."; first and last a letter or digit',
      },
);

/** A DNS label: names of subsets and ports (RFC 1123). */
export const dnsLabel: TextField = text((value) =>
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/i.test(value)
    ? undefined
    : {
        code: CODE.badValue,
        message: `${JSON.stringify(value)} is not a name`,
        hint: 'letters, digits and "-", at most 63, first and last a letter or digit',
      },
);

/** A name of a host, possibly with a wildcard as its first label (`*.example.com`), or `*`. */
export const host: TextField = text((value) => {
  if (value === '*') return undefined;
  const name = value.startsWith('*') ? value.replace(/^\*\.?/, '') : value;
  const labels = name.replace(/\.$/, '').split('.');
  if (labels.every((label) => /^[a-z0-9_]([-a-z0-9_]{0,61}[a-z0-9_])?$/i.test(label))) return undefined;
  return { code: CODE.badValue, message: `${JSON.stringify(value)} is not a host name` };
});

/** A host of a gateway's server: a host, after an optional `namespace/`. */
export const gatewayHost: TextField = text((value) => {
  const slash = value.indexOf('/');
  return host.check?.(slash < 0 ? value : value.slice(slash + 1));
});
