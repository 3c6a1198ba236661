// Turns the SAN matchers of a CertificateValidationContext into functions on a certificate's names.
import type { StringMatcher } from '@meltemi/api/envoy/type/matcher/v3/string_pb';
import {
  type CertificateValidationContext,
  type SubjectAltNameMatcher,
  SubjectAltNameMatcher_SanType as SanType,
} from '@meltemi/api/envoy/extensions/transport_sockets/tls/v3/common_pb';
import type { CertificateNames } from './certificate-names.ts';
import { compileRegex } from '@meltemi/decide';
import { formatIpv6 } from '@meltemi/wire';
import type { SanMatcher } from './peer-certificate.ts';
import { TlsConfigError } from './tls-config-error.ts';

/** One function per matcher; the peer is accepted when any says yes. Throws TlsConfigError for what can't be honoured. */
export function compileSanMatchers(context: CertificateValidationContext | undefined): readonly SanMatcher[] {
  if (!context) return [];
  return [
    ...context.matchTypedSubjectAltNames.map(compileTyped),
    ...context.matchSubjectAltNames.map((matcher) => compileUntyped(matcher)),
  ];
}

function compileTyped(typed: SubjectAltNameMatcher): SanMatcher {
  const matches = compileString(typed.matcher);
  switch (typed.sanType) {
    case SanType.URI:
      return (names) => names.uris.some(matches);
    case SanType.DNS:
      return dnsMatcher(typed.matcher, matches);
    case SanType.EMAIL:
      return (names) => names.emails.some(matches);
    case SanType.IP_ADDRESS:
      return (names) => names.ips.some((hex) => matches(ipText(hex)));
    case SanType.OTHER_NAME:
      return (names) => names.others.some(({ oid, value }) => oid === typed.oid && matches(value));
    default:
      throw new TlsConfigError('UNSUPPORTED_SAN_TYPE', `SAN type ${SanType[typed.sanType]} is not supported`);
  }
}

function compileUntyped(matcher: StringMatcher): SanMatcher {
  const matches = compileString(matcher);
  const dns = dnsMatcher(matcher, matches);
  return (names) =>
    names.uris.some(matches) ||
    dns(names) ||
    names.emails.some(matches) ||
    names.ips.some((hex) => matches(ipText(hex)));
}

function ipText(hex: string): string {
  const bytes = Buffer.from(hex, 'hex');
  return bytes.length === 16 ? formatIpv6(bytes) : bytes.join('.');
}

/** An exact DNS matcher is covered by a wildcard name of one label: `*.example.com` for `a.example.com` only. */
function dnsMatcher(matcher: StringMatcher | undefined, matches: (name: string) => boolean): SanMatcher {
  const wanted = matcher?.matchPattern.case === 'exact' ? matcher.matchPattern.value.toLowerCase() : undefined;
  const wildcard = wanted?.includes('.') ? `*${wanted.slice(wanted.indexOf('.'))}` : undefined;
  const accepts = (name: string) =>
    matches(name) || name.toLowerCase() === wanted || (wildcard !== undefined && name.toLowerCase() === wildcard);
  return (names: CertificateNames) => names.dns.some(accepts);
}

function compileString(matcher: StringMatcher | undefined): (text: string) => boolean {
  const fold = matcher?.ignoreCase ? (text: string) => text.toLowerCase() : (text: string) => text;
  const pattern = matcher?.matchPattern;
  switch (pattern?.case) {
    case 'exact':
      return (text) => fold(text) === fold(pattern.value);
    case 'prefix':
      return (text) => fold(text).startsWith(fold(pattern.value));
    case 'suffix':
      return (text) => fold(text).endsWith(fold(pattern.value));
    case 'contains':
      return (text) => fold(text).includes(fold(pattern.value));
    case 'safeRegex':
      return compileRegex(pattern.value.regex);
    default:
      throw new TlsConfigError('UNSUPPORTED_SAN_MATCHER', `SAN matcher "${pattern?.case}" is not supported`);
  }
}
