// Texts → DNS names by IDNA's rules, and their equality.
import { domainToASCII, domainToUnicode } from 'node:url';

import { ExternError } from './extern-error.ts';

const LONGEST_LABEL = 63;
const LONGEST_NAME = 253;

/** The name as it is, encoded labels decoded. Throws ExternError. */
export function dnsName(text: string): string {
  const wrong = wrongName(text);
  if (wrong !== undefined) throw new ExternError(`error converting '${text}' to dns name: '${wrong}'`);
  return /(^|\.)xn--/i.test(text) ? domainToUnicode(text) : text;
}

/** Without regard to case and to one dot at the end. Throws ExternError for labels that can't be. */
export function equalDnsNames(left: string, right: string): boolean {
  return lookupForm(left) === lookupForm(right);
}

function lookupForm(text: string): string {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  for (const label of name.split('.')) {
    if (hasBadHyphen(label)) throw new ExternError(`idna: invalid label ${JSON.stringify(label)}`);
  }
  return isAscii(name) ? name.toLowerCase() : domainToASCII(name);
}

function wrongName(text: string): string | undefined {
  const name = text.endsWith('.') ? text.slice(0, -1) : text;
  for (const label of name.split('.')) {
    if (label === '' || hasBadHyphen(label) || asciiLength(label) > LONGEST_LABEL) return invalidLabel(label);
    const disallowed = /[^a-zA-Z0-9\u0080-\u{10ffff}-]/u.exec(label)?.[0];
    if (disallowed !== undefined) return `idna: disallowed rune ${runeName(disallowed)}`;
    if (!isAscii(label) && domainToASCII(label) === '') return invalidLabel(label);
  }
  return asciiLength(name) > LONGEST_NAME ? invalidLabel(name) : undefined;
}

function hasBadHyphen(label: string): boolean {
  if (label.startsWith('-') || label.endsWith('-')) return true;
  return label.slice(2, 4) === '--' && !/^xn--/i.test(label);
}

function asciiLength(name: string): number {
  return isAscii(name) ? name.length : domainToASCII(name).length;
}

function isAscii(text: string): boolean {
  return /^[\x00-\x7f]*$/.test(text);
}

function invalidLabel(label: string): string {
  return `idna: invalid label ${JSON.stringify(label)}`;
}

function runeName(char: string): string {
  return `U+${char.codePointAt(0)!.toString(16).toUpperCase().padStart(4, '0')}`;
}
