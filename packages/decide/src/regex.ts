// Turns a user's regular expression (RE2 syntax) into a predicate or a substitution that runs in linear time.
import { RE2JS } from 're2js';
import { DecideError } from './decide-error.ts';

/** Characters; longer expressions are refused. */
const LONGEST = 1024;

/**
 * A predicate that is true when the whole text matches. Expressions that are in truth an exact text, a prefix, a suffix,
 * a part or a choice of texts become string operations. Throws DecideError BAD_REGEX.
 */
export function compileRegex(source: string): (text: string) => boolean {
  const compiled = compile(source);
  return literalPredicate(source) ?? ((text) => compiled.testExact(text));
}

/**
 * Replaces every match, as RE2's GlobalReplace: `\0` to `\9` in the substitution stand for groups, `\\` for a backslash.
 * Throws DecideError BAD_REGEX.
 */
export function compileSubstitution(source: string, substitution: string): (text: string) => string {
  const compiled = compile(source);
  const parts = parseSubstitution(source, substitution, compiled.groupCount());
  return (text) => replaceAll(compiled, parts, text);
}

function compile(source: string): RE2JS {
  if (source.length > LONGEST) {
    throw new DecideError('BAD_REGEX', `regex of ${source.length} characters is longer than ${LONGEST}`);
  }
  try {
    return RE2JS.compile(source);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DecideError('BAD_REGEX', `regex "${source}": ${reason}`, '', { cause });
  }
}

// `.` does not match a line break, so what `.*` covers must have none.
function literalPredicate(source: string): ((text: string) => boolean) | undefined {
  const choices = literalChoices(source);
  if (choices?.length === 1) {
    const [exact] = choices;
    return (text) => text === exact;
  }
  if (choices) {
    const set = new Set(choices);
    return (text) => set.has(text);
  }
  const anyBefore = /^\^?\.\*/.exec(source)?.[0].length ?? 0;
  const anyAfter = /(?<!\\)\.\*\$?$/.exec(source)?.[0].length ?? 0;
  if (anyBefore + anyAfter > source.length) return (text) => !text.includes('\n');
  const literal = unescapeLiteral(stripAnchors(source.slice(anyBefore, source.length - anyAfter), anyBefore, anyAfter));
  if (literal === undefined) return undefined;
  return wildcardPredicate(literal, anyBefore > 0, anyAfter > 0);
}

function wildcardPredicate(literal: string, before: boolean, after: boolean): (text: string) => boolean {
  if (literal.includes('\n')) return (text) => text === literal;
  if (before && after) return (text) => text.includes(literal) && !text.includes('\n');
  if (after) return (text) => text.startsWith(literal) && !text.includes('\n');
  return (text) => text.endsWith(literal) && !text.includes('\n');
}

function stripAnchors(middle: string, anyBefore: number, anyAfter: number): string {
  const withoutStart = anyBefore === 0 && middle.startsWith('^') ? middle.slice(1) : middle;
  const end = anyAfter === 0 && withoutStart.endsWith('$') && !withoutStart.endsWith('\\$');
  return end ? withoutStart.slice(0, -1) : withoutStart;
}

/** The texts of `a|b`, `^(a|b)$`, `(?:a|b)` or `a`; undefined when anything in it is not literal. */
function literalChoices(source: string): readonly string[] | undefined {
  const bare = stripAnchors(source, 0, 0);
  const inner = /^\((?:\?:)?([^()]*)\)$/.exec(bare)?.[1] ?? bare;
  // Without the parentheses the anchors would belong to the first and the last choice only.
  if (inner === bare && bare !== source && bare.includes('|')) return undefined;
  const choices = inner.split('|').map(unescapeLiteral);
  return choices.every((choice) => choice !== undefined) ? choices : undefined;
}

const LITERAL = /^(?:[A-Za-z0-9_\-/:;=,@#%&~!"'<> ]|\\[./\-^$*+?()[\]{}|\\])*$/;

function unescapeLiteral(source: string): string | undefined {
  return LITERAL.test(source) ? source.replaceAll(/\\(.)/g, '$1') : undefined;
}

function parseSubstitution(source: string, substitution: string, groups: number): readonly (string | number)[] {
  const parts: (string | number)[] = [];
  for (const [token] of substitution.matchAll(/\\[\s\S]?|[^\\]+/g)) {
    const group = Number(token.slice(1));
    if (!token.startsWith('\\')) parts.push(token);
    else if (token === '\\\\') parts.push('\\');
    else if (/^\\\d$/.test(token) && group <= groups) parts.push(group);
    else throw new DecideError('BAD_REGEX', `substitution "${substitution}" of regex "${source}": bad "${token}"`);
  }
  return parts;
}

function replaceAll(compiled: RE2JS, parts: readonly (string | number)[], text: string): string {
  const matcher = compiled.matcher(text);
  let out = '';
  let position = 0;
  let lastEnd = -1;
  while (position <= text.length && matcher.find(position)) {
    const start = matcher.start();
    const end = matcher.end();
    out += text.slice(position, start);
    if (start === end && start === lastEnd) {
      // An empty match right after a match does not count: step over one character.
      out += text.slice(start, start + 1);
      position = start + 1;
      continue;
    }
    for (const part of parts) out += typeof part === 'string' ? part : (matcher.group(part) ?? '');
    position = lastEnd = end;
  }
  return out + text.slice(position);
}
