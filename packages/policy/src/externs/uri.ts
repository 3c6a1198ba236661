// Texts → URIs by the rules of Go's net/url, and their equality.
import { equalDnsNames } from './dns-name.ts';
import { ExternError } from './extern-error.ts';

interface Uri {
  /** In lower case; empty for a relative reference. */
  readonly scheme: string;
  readonly authority: Authority | undefined;
  /** The path, or all after the scheme of an opaque URI, with query and fragment. */
  readonly rest: string;
}

interface Authority {
  readonly user: string;
  readonly host: string;
  readonly port: string;
}

/** The text as it is. Throws ExternError. */
export function uri(text: string): string {
  parseUri(text);
  return text;
}

/** Schemes without regard to case; hosts of http and https as DNS names; the rest as it is. Throws ExternError. */
export function equalUris(left: string, right: string): boolean {
  const [a, b] = [parseUri(left), parseUri(right)];
  if (a.scheme !== b.scheme || a.rest !== b.rest) return false;
  if (a.authority?.user !== b.authority?.user || a.authority?.port !== b.authority?.port) return false;
  const [hostA, hostB] = [a.authority?.host ?? '', b.authority?.host ?? ''];
  return a.scheme === 'http' || a.scheme === 'https' ? equalDnsNames(hostA, hostB) : hostA === hostB;
}

function parseUri(text: string): Uri {
  if (text === '') throw new ExternError('error converting string to uri: empty string');
  const wrong = (why: string): ExternError =>
    new ExternError(`error converting string to uri '${text}': 'parse ${text}: ${why}'`);
  if (/[\x00-\x1f\x7f]/.test(text)) throw wrong('net/url: invalid control character in URL');
  const badEscape = /%(?![\da-fA-F]{2}).{0,2}/.exec(text.replace(/\?[^#]*/, ''))?.[0];
  if (badEscape !== undefined) throw wrong(`invalid URL escape ${JSON.stringify(badEscape)}`);
  if (text.startsWith(':')) throw wrong('missing protocol scheme');
  const [, scheme = '', rest = ''] = /^(?:([a-zA-Z][a-zA-Z0-9+.-]*):)?(.*)$/su.exec(text)!;
  if (scheme === '' && /^[^/?#]*:/.test(rest)) throw wrong('first path segment in URL cannot contain colon');
  if (!rest.startsWith('//')) return { scheme: scheme.toLowerCase(), authority: undefined, rest };
  const [, authority = '', path = ''] = /^\/\/([^/?#]*)(.*)$/su.exec(rest)!;
  return { scheme: scheme.toLowerCase(), authority: parseAuthority(authority, wrong), rest: path };
}

function parseAuthority(text: string, wrong: (why: string) => Error): Authority {
  const at = text.lastIndexOf('@');
  const user = text.slice(0, at + 1);
  const address = text.slice(at + 1);
  if (!/^[\w.~!$&'()*+,;=:%-]*$/.test(user.slice(0, -1))) throw wrong('net/url: invalid userinfo');
  if (address.startsWith('[') && !address.includes(']')) throw wrong("missing ']' in host");
  const [, host = '', port] = /^(\[.*\]|[^:]*)(.*)$/su.exec(address)!;
  if (port !== '' && !/^:\d*$/.test(port!)) throw wrong(`invalid port ${JSON.stringify(port)} after host`);
  if (/[\s"<>\\^`{|}]/.test(host)) throw wrong('invalid character in host name');
  return { user, host: host.replace(/^\[(.*)\]$/, '$1'), port: port!.slice(1) };
}
