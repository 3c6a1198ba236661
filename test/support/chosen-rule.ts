// What Istio 0.2 documents: of all RouteRules of a host, the first by precedence that matches takes the request.
import type { OldRule } from './random-old-rules.ts';

/** A request of productpage. `headers` by lower-case name; `uri` and `method` are its own. */
export interface AskedRequest {
  readonly host: string;
  readonly path: string;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
}

interface Text {
  readonly exact?: string;
  readonly prefix?: string;
  readonly regex?: string;
}

interface Match {
  readonly source?: { readonly name?: string; readonly labels?: object };
  readonly request?: { readonly headers?: Readonly<Record<string, Text>> };
}

/** The name of the rule; undefined where none takes it. */
export function chosenRule(rules: readonly OldRule[], request: AskedRequest): string | undefined {
  const own = rules.filter((rule) => rule.kind === 'RouteRule' && hostOf(rule) === request.host);
  const ordered = own.toSorted((one, other) => precedence(other) - precedence(one) || (one.name < other.name ? -1 : 1));
  return ordered.find(({ spec }) => matches((spec['match'] ?? {}) as Match, request))?.name;
}

function hostOf({ spec }: OldRule): string {
  const { name, service } = spec['destination'] as { readonly name?: string; readonly service?: string };
  return name ?? service!.split('.')[0]!;
}

const precedence = ({ spec }: OldRule): number => (spec['precedence'] as number | undefined) ?? 0;

/** The caller is of the service productpage, and has no other label. */
function matches({ source, request: asked }: Match, request: AskedRequest): boolean {
  const isSource = !source || source.name === 'productpage';
  const fields: Readonly<Record<string, string>> = { ...request.headers, uri: request.path, method: request.method };
  return isSource && Object.entries(asked?.headers ?? {}).every(([name, text]) => isText(text, fields[name]));
}

function isText({ exact, prefix, regex }: Text, value: string | undefined): boolean {
  if (value === undefined) return false;
  if (exact !== undefined) return value === exact;
  if (prefix !== undefined) return value.startsWith(prefix);
  return new RegExp(`^(?:${regex})$`).test(value);
}
