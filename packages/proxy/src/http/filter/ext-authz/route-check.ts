// What a route says of the check of its requests.
import type { Any } from '@bufbuild/protobuf/wkt';
import { ExtAuthzPerRouteSchema } from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import type { RouteFilterConfig } from '@meltemi/decide';
import { FilterConfigError } from '../../http-config-error.ts';
import { readMessage } from '../read-message.ts';
import { type BodySettings, bodySettings } from './authz-settings.ts';

export interface RouteCheck {
  /** Its requests are not checked. */
  readonly disabled: boolean;
  readonly contextExtensions: Readonly<Record<string, string>>;
  /** `none`: the server does not see bodies; undefined: as the filter has it. */
  readonly body: BodySettings | 'none' | undefined;
}

const PLAIN: RouteCheck = { disabled: false, contextExtensions: {}, body: undefined };

/** Throws FilterConfigError. */
export function readRouteCheck(config: Any): RouteCheck {
  const { override } = readMessage(config, ExtAuthzPerRouteSchema);
  if (override.case === 'disabled' && override.value) return { ...PLAIN, disabled: true };
  if (override.case !== 'checkSettings') throw bad('a route says disabled: true or check_settings');
  const { contextExtensions, disableRequestBodyBuffering, withRequestBody, $unknown } = override.value;
  if (disableRequestBodyBuffering && withRequestBody) {
    throw bad('disable_request_body_buffering and with_request_body exclude each other');
  }
  if ($unknown?.length) throw bad(`field ${$unknown[0]!.no} of check_settings is not supported`);
  const body = withRequestBody && bodySettings(withRequestBody);
  return { disabled: false, contextExtensions, body: disableRequestBodyBuffering ? 'none' : body };
}

/** The most specific level counts, but the context of all is joined. `levels`: the most specific first. */
export function routeCheckOf(levels: readonly RouteFilterConfig[]): RouteCheck {
  if (levels.length === 0) return PLAIN;
  const checks = levels.flatMap(({ config }) => (config as RouteCheck | undefined) ?? []);
  const [first] = checks;
  if (!first || checks.length === 1) return first ?? PLAIN;
  const joined = checks.toReversed().map(({ contextExtensions }) => contextExtensions);
  return { ...first, contextExtensions: Object.assign({}, ...joined) as Record<string, string> };
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `ext_authz: ${what}`);
}
