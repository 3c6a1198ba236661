// Turns the path part of a route's match into a condition, and says how much of a path it matched.
import { unpackAny } from '@meltemi/api';
import type { TypedExtensionConfig } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import type { RouteMatch } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { UriTemplateMatchConfigSchema } from '@meltemi/api/envoy/extensions/path/match/uri_template/v3/uri_template_match_pb';
import type { Condition } from './condition.ts';
import { DecideError } from './decide-error.ts';
import type { PathNeed } from './path-lists.ts';
import { compileRegex } from './regex.ts';
import type { RequestView } from './request-view.ts';
import { compileText } from './string-match.ts';
import { compileUriTemplate, type UriTemplate } from './uri-template.ts';

export interface PathMatch {
  readonly condition: Condition;
  /** How many characters of a matched path (without query) a prefix rewrite replaces. */
  readonly matchedLength: (path: string) => number;
  /** Set where the match is a template: a rewrite may use its variables. */
  readonly template: UriTemplate | undefined;
}

/** Throws DecideError. Paths are compared without query; with `ignoreParameters` only up to the first `;`. */
export function compilePathMatch(match: RouteMatch, ignoreParameters: boolean): PathMatch {
  const { words, costly, test, length, template } = compileSpecifier(match);
  const pathTest = ignoreParameters ? (path: string) => test(withoutParameters(path)) : test;
  const Matcher = match.pathSpecifier.case === 'connectMatcher' ? ConnectCondition : PathCondition;
  return {
    condition: new Matcher(words, costly, pathTest),
    matchedLength: length === undefined ? (path) => path.length : () => length,
    template,
  };
}

/** Small, as there may be tens of thousands. */
class PathCondition implements Condition {
  readonly costly: boolean;
  readonly #wanted: string;
  readonly #test: (path: string) => boolean;

  constructor(wanted: string, costly: boolean, test: (path: string) => boolean) {
    this.#wanted = wanted;
    this.costly = costly;
    this.#test = test;
  }

  get words(): string {
    return `path ${this.#wanted}`;
  }

  holds(_request: RequestView, path: string): boolean {
    return path !== '' && this.#test(path);
  }

  seen(_request: RequestView, path: string): string {
    return `is "${path}"`;
  }
}

/** A CONNECT has no path: only its own matcher finds it. */
class ConnectCondition extends PathCondition {
  override holds(): boolean {
    return true;
  }
}

/** What a path that matches must be or begin with; undefined: that is not known. */
export function pathNeed(
  { pathSpecifier: path, caseSensitive }: RouteMatch,
  ignoreParameters: boolean,
): PathNeed | undefined {
  if (caseSensitive === false) return undefined;
  switch (path.case) {
    case 'path':
      return { kind: ignoreParameters ? 'prefix' : 'exact', text: path.value };
    case 'prefix':
    case 'pathSeparatedPrefix':
      return path.value.length > 1 ? { kind: 'prefix', text: path.value } : undefined;
    default:
      return undefined;
  }
}

interface PathTest {
  readonly words: string;
  readonly costly: boolean;
  readonly test: (path: string) => boolean;
  /** Undefined: the whole path. */
  readonly length: number | undefined;
  readonly template?: UriTemplate;
}

function compileSpecifier(match: RouteMatch): PathTest {
  const specifier = match.pathSpecifier;
  const ignoreCase = match.caseSensitive === false;
  switch (specifier.case) {
    case 'prefix':
      if (specifier.value === '/' || specifier.value === '') return anyPath(specifier.value);
      return { ...compileText('prefix', specifier.value, ignoreCase), length: specifier.value.length };
    case 'path':
      return { ...compileText('exact', specifier.value, ignoreCase), length: specifier.value.length };
    case 'pathSeparatedPrefix':
      return separatedPrefix(specifier.value, ignoreCase);
    case 'safeRegex': {
      const { regex } = specifier.value;
      return { words: `regex "${regex}"`, costly: true, test: compileRegex(regex), length: undefined };
    }
    case 'connectMatcher':
      return connectOnly();
    case 'pathMatchPolicy':
      return templated(specifier.value);
    case undefined:
      throw new DecideError('BAD_MATCH', 'a route has no path to match');
  }
}

function anyPath(prefix: '/' | ''): PathTest {
  const test = prefix === '' ? () => true : (path: string) => path.charCodeAt(0) === 0x2f;
  return { words: `prefix "${prefix}"`, costly: false, test, length: prefix.length };
}

function separatedPrefix(prefix: string, ignoreCase: boolean): PathTest {
  if (/[?#]|\/$/.test(prefix)) {
    throw new DecideError(
      'BAD_MATCH',
      `path_separated_prefix "${prefix}" has a query, a fragment or ends with a slash`,
    );
  }
  const { test, words } = compileText('prefix', prefix, ignoreCase);
  return {
    words: `separated ${words}`,
    costly: false,
    test: (path) => test(path) && (path.length === prefix.length || path[prefix.length] === '/'),
    length: prefix.length,
  };
}

function templated(policy: TypedExtensionConfig): PathTest {
  const config = unpackAny(policy.typedConfig, UriTemplateMatchConfigSchema);
  if (!config) throw new DecideError('UNSUPPORTED', `path_match_policy ${policy.name}`);
  const template = compileUriTemplate(config.pathTemplate);
  return {
    words: `template "${template.text}"`,
    costly: true,
    test: template.matches,
    length: undefined,
    template,
  };
}

// CONNECT requests are told by their method; `compileMatch` adds that condition.
function connectOnly(): PathTest {
  return { words: 'of CONNECT', costly: false, test: () => true, length: undefined };
}

function withoutParameters(path: string): string {
  const parameters = path.indexOf(';');
  return parameters < 0 ? path : path.slice(0, parameters);
}
