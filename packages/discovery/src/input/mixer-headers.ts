// Mixer's rules → the header fields that they name: what an access log has to say of requests.
import { type ConfigView, MIXER_KINDS } from '@meltemi/config';

export interface LoggedHeaders {
  readonly request: readonly string[];
  readonly response: readonly string[];
}

/** As expressions write them, inside a text of JSON. */
const NAMED = /\b(request|response)\.headers\[\\?["']([^"'\\\]]+)/g;

export function loggedHeaders(config: ConfigView): LoggedHeaders {
  const objects = MIXER_KINDS.flatMap(({ kind }) => config.objects(kind) as readonly { spec: unknown }[]);
  const named = objects.flatMap(({ spec }) => [...(JSON.stringify(spec) ?? '').matchAll(NAMED)]);
  const of = (side: string) =>
    [...new Set(named.filter(([, on]) => on === side).map(([, , name]) => name!.toLowerCase()))].sort();
  return { request: of('request'), response: of('response') };
}
