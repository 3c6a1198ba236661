// Turns Envoy's path templates (`/users/{id}/files/{path=**}`) into a match of paths and a rewrite by what they captured.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/path/match/uri_template/v3/uri_template_match.proto
import { RE2JS } from 're2js';
import { DecideError } from './decide-error.ts';

/** A template that matches whole paths, without query. */
export interface UriTemplate {
  readonly text: string;
  /** Names of the variables. */
  readonly variables: ReadonlySet<string>;
  readonly matches: (path: string) => boolean;
  /** The value of each variable; undefined when the path does not match. */
  readonly capture: (path: string) => ReadonlyMap<string, string> | undefined;
}

const MAX_VARIABLES = 5;
const MAX_NAME = 16;
/** What RFC 3986 allows in a segment, without `*` and `=`. */
const SEGMENT_CHARACTERS = "a-zA-Z0-9\\-._~%!$&'()+,;:@";
const LITERAL = new RegExp(`^[${SEGMENT_CHARACTERS}]+$`);
const REWRITE_LITERAL = new RegExp(`^[${SEGMENT_CHARACTERS}/]+$`);
const VARIABLE_NAME = /^[a-zA-Z][a-zA-Z0-9_]*$/;
const GLOB = { '*': `[${SEGMENT_CHARACTERS}]+`, '**': `[${SEGMENT_CHARACTERS}/]*` } as const;

/** Throws DecideError BAD_MATCH. */
export function compileUriTemplate(text: string): UriTemplate {
  if (!/^\/[\x21-\x7e]*$/.test(text)) throw bad(text, 'it does not begin with a slash, or is not printable');
  const parts: Parts = { template: text, variables: new Set(), textGlob: false };
  const pattern = RE2JS.compile(patternOf(text.slice(1), parts));
  return {
    text,
    variables: parts.variables,
    matches: (path) => pattern.testExact(path),
    capture(path) {
      const matcher = pattern.matcher(path);
      if (!matcher.matches()) return undefined;
      return new Map([...parts.variables].map((name) => [name, matcher.group(name) ?? '']));
    },
  };
}

/** Path without query → path, or undefined where the template does not match. Throws DecideError BAD_ACTION. */
export function compileUriRewrite(text: string, template: UriTemplate): (path: string) => string | undefined {
  if (!text.startsWith('/') || text.includes('//')) throw badRewrite(text, 'its slashes are misplaced');
  const parts = text.split(/(\{[^}]*\})/).filter((part) => part !== '');
  for (const part of parts) checkRewritePart(part, text, template);
  return (path) => {
    const values = template.capture(path);
    return values && parts.map((part) => (part.startsWith('{') ? values.get(part.slice(1, -1)) : part)).join('');
  };
}

function checkRewritePart(part: string, text: string, template: UriTemplate): void {
  if (!part.startsWith('{')) {
    if (!REWRITE_LITERAL.test(part)) throw badRewrite(text, `"${part}" is not part of a path`);
  } else if (!template.variables.has(part.slice(1, -1))) {
    throw badRewrite(text, `${part} is no variable of ${template.text}`);
  }
}

/** What was seen of a template so far. */
interface Parts {
  readonly template: string;
  readonly variables: Set<string>;
  textGlob: boolean;
}

// Segments between slashes; braces may hold slashes of their own. Text after an operator is a suffix, and the end.
function patternOf(text: string, parts: Parts): string {
  let pattern = '/';
  let rest = text;
  while (rest !== '') {
    const operator = /^(?:\*\*?|\{[^}]*\})/.exec(rest)?.[0];
    const segment = operator ?? rest.split('/', 1)[0]!;
    pattern += operator === undefined ? literal(segment, parts) : operatorPattern(operator, parts);
    rest = rest.slice(segment.length);
    if (rest === '') break;
    if (!rest.startsWith('/')) return pattern + literal(rest, parts);
    pattern += '/';
    rest = rest.slice(1);
  }
  return pattern;
}

function literal(text: string, { template }: Parts): string {
  if (!LITERAL.test(text)) throw bad(template, `"${text}" is no segment`);
  return text.replaceAll(/[$()+.]/g, String.raw`\$&`);
}

function operatorPattern(operator: string, parts: Parts): string {
  if (!operator.startsWith('{')) return glob(operator as keyof typeof GLOB, parts);
  const [name = '', ...given] = operator.slice(1, -1).split('=');
  noteVariable(name, parts);
  const inner = given.length === 0 ? '*' : given.join('=');
  return `(?P<${name}>${inner
    .split('/')
    .map((segment) => segmentPattern(segment, parts))
    .join('/')})`;
}

function noteVariable(name: string, { template, variables }: Parts): void {
  if (!VARIABLE_NAME.test(name) || name.length > MAX_NAME) throw bad(template, `"${name}" is no name of a variable`);
  if (variables.has(name)) throw bad(template, `variable ${name} comes twice`);
  if (variables.size === MAX_VARIABLES) throw bad(template, `more than ${MAX_VARIABLES} variables`);
  variables.add(name);
}

function segmentPattern(segment: string, parts: Parts): string {
  return segment === '*' || segment === '**' ? glob(segment, parts) : literal(segment, parts);
}

function glob(operator: keyof typeof GLOB, parts: Parts): string {
  if (parts.textGlob) throw bad(parts.template, 'an operator after **');
  parts.textGlob = operator === '**';
  return GLOB[operator];
}

function bad(template: string, why: string): DecideError {
  return new DecideError('BAD_MATCH', `path template "${template}": ${why}`);
}

function badRewrite(text: string, why: string): DecideError {
  return new DecideError('BAD_ACTION', `path template rewrite "${text}": ${why}`);
}
