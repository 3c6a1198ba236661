// Texts → e-mail addresses without display names (RFC 5322), their parts and their equality.
import { dnsName, equalDnsNames } from './dns-name.ts';
import { ExternError } from './extern-error.ts';

/** `local@domain`: a dot-atom or a quoted text before the `@`, an atom with dots or an address in brackets after it. */
const ADDRESS = /^(?:"((?:[^"\\]|\\.)*)"|([^\s"(),:;<>@[\]\\]+))@([^\s"(),:;<>@\\]+)$/u;

/** The address as it is. Throws ExternError. */
export function emailAddress(text: string): string {
  readAddress(text);
  return text;
}

/** Local parts are equal as they are, quoted or not; domains as DNS names. Throws ExternError. */
export function equalEmailAddresses(left: string, right: string): boolean {
  const [a, b] = [emailParts(readAddress(left)), emailParts(readAddress(right))];
  return equalDnsNames(a.domain, b.domain) && a.local === b.local;
}

/** Split at the first `@`; the domain is empty without one. */
export function emailParts(address: string): { readonly local: string; readonly domain: string } {
  const at = address.indexOf('@');
  return at < 0 ? { local: address, domain: '' } : { local: address.slice(0, at), domain: address.slice(at + 1) };
}

/** The address with its local part unquoted. */
function readAddress(text: string): string {
  const address = unquotedAddress(text);
  try {
    dnsName(emailParts(address).domain);
  } catch (error) {
    if (!(error instanceof ExternError)) throw error;
    throw refusal(text, error.message);
  }
  return address;
}

function unquotedAddress(text: string): string {
  if (text.trim() === '') throw refusal(text, 'mail: no address');
  if (/[^\s<].*<[^<>]*>\s*$/.test(text)) {
    throw new ExternError(`error converting '${text}' to e-mail: display names are not allowed`);
  }
  const match = ADDRESS.exec(text.trim());
  if (!match) throw refusal(text, reason(text));
  const [, quoted, atom, domain] = match;
  if (atom !== undefined && /^\.|\.\.|\.$/.test(atom)) throw refusal(text, dotsReason(atom));
  return `${quoted?.replaceAll(/\\(.)/g, '$1') ?? atom}@${domain}`;
}

function reason(text: string): string {
  const at = text.indexOf('@');
  if (at < 0) return "mail: missing '@' or angle-addr";
  return at === text.length - 1 ? 'mail: no angle-addr' : 'mail: invalid string';
}

function dotsReason(atom: string): string {
  if (atom.includes('..')) return 'mail: double dot in atom';
  return `mail: ${atom.startsWith('.') ? 'leading' : 'trailing'} dot in atom`;
}

function refusal(text: string, why: string): ExternError {
  return new ExternError(`error converting '${text}' to e-mail: '${why}'`);
}
