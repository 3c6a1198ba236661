// Judges RBAC rules as JSON in the plainest way, to hold the compiled ones against.
import { get } from '../fixture.ts';
import type { AccessRequest } from './access-request.ts';

export interface TextRule {
  readonly exact?: string;
  readonly prefix?: string;
  readonly suffix?: string;
  readonly ignoreCase?: boolean;
  readonly safeRegex?: { readonly regex: string };
}

interface RangeRule {
  readonly addressPrefix: string;
  readonly prefixLen: number;
}

/** A permission or principal in protobuf's JSON: one of these. */
export interface Rule {
  readonly any?: boolean;
  readonly andRules?: { readonly rules: readonly Rule[] };
  readonly orRules?: { readonly rules: readonly Rule[] };
  readonly andIds?: { readonly ids: readonly Rule[] };
  readonly orIds?: { readonly ids: readonly Rule[] };
  readonly notRule?: Rule;
  readonly notId?: Rule;
  readonly header?: { readonly name: string; readonly stringMatch: TextRule };
  readonly urlPath?: { readonly path: TextRule };
  readonly destinationPort?: number;
  readonly destinationIp?: RangeRule;
  readonly directRemoteIp?: RangeRule;
  readonly remoteIp?: RangeRule;
  readonly requestedServerName?: TextRule;
  readonly authenticated?: { readonly principalName: TextRule };
}

export interface Rules {
  readonly action: 'ALLOW' | 'DENY' | 'LOG';
  readonly policies: Readonly<
    Record<string, { readonly permissions: readonly Rule[]; readonly principals: readonly Rule[] }>
  >;
}

export interface NaiveRequest {
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, readonly string[]>>;
  readonly port: number;
  readonly localIp: string;
  readonly remoteIp: string;
  readonly serverName: string;
  readonly uris: readonly string[] | undefined;
}

export function naiveVerdict({ action, policies }: Rules, request: NaiveRequest): boolean {
  const matched = Object.values(policies).some(
    ({ permissions, principals }) =>
      permissions.some((rule) => naive(rule, request)) && principals.some((rule) => naive(rule, request)),
  );
  return action === 'LOG' || (action === 'ALLOW') === matched;
}

function naive(rule: Rule, request: NaiveRequest): boolean {
  const all = rule.andRules?.rules ?? rule.andIds?.ids;
  const some = rule.orRules?.rules ?? rule.orIds?.ids;
  const not = rule.notRule ?? rule.notId;
  if (all) return all.every((part) => naive(part, request));
  if (some) return some.some((part) => naive(part, request));
  if (not) return !naive(not, request);
  return rule.any ?? naiveLeaf(rule, request);
}

function naiveLeaf(rule: Rule, request: NaiveRequest): boolean {
  const { header, urlPath, destinationIp, requestedServerName, authenticated } = rule;
  const remote = rule.directRemoteIp ?? rule.remoteIp;
  if (header) return fieldValues(header.name, request).some((each) => naiveText(header.stringMatch, each));
  if (urlPath) return naiveText(urlPath.path, request.path.split(/[?#]/)[0]!);
  if (destinationIp) return inRange(destinationIp, request.localIp);
  if (remote) return inRange(remote, request.remoteIp);
  if (requestedServerName) return naiveText(requestedServerName, request.serverName);
  if (!authenticated) return request.port === rule.destinationPort;
  const names = request.uris ? [...request.uris, ''] : [];
  return names.some((name) => naiveText(authenticated.principalName, name));
}

function fieldValues(name: string, { headers, method }: NaiveRequest): readonly string[] {
  return name === ':method' ? [method] : (headers[name] ?? []);
}

function naiveText(matcher: TextRule, text: string): boolean {
  const fold = (each: string) => (matcher.ignoreCase ? each.toLowerCase() : each);
  const seen = fold(text);
  if (matcher.exact !== undefined) return seen === fold(matcher.exact);
  if (matcher.prefix !== undefined) return seen.startsWith(fold(matcher.prefix));
  if (matcher.suffix !== undefined) return seen.endsWith(fold(matcher.suffix));
  return new RegExp(`^(?:${matcher.safeRegex!.regex})$`).test(text);
}

function inRange({ addressPrefix, prefixLen }: RangeRule, ip: string): boolean {
  const bits = (address: string) =>
    address
      .split('.')
      .map((byte) => Number(byte).toString(2).padStart(8, '0'))
      .join('');
  return bits(addressPrefix).slice(0, prefixLen) === bits(ip).slice(0, prefixLen);
}

export function accessRequest(request: NaiveRequest): AccessRequest {
  const { path, headers, method, port: localPort, localIp, remoteIp, serverName, uris } = request;
  return {
    connection: {
      local: { host: localIp, port: localPort },
      remote: { host: remoteIp, port: 40_000 },
      serverName: serverName || undefined,
      peer: uris && { uris, dns: [], subject: '' },
    },
    request: get(path, headers, { method, remoteAddress: remoteIp }),
  };
}
