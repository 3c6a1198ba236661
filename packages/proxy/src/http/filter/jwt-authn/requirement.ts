// Turns a JwtRequirement, a tree of providers that are asked for, into what says whether a request meets it.
// https://www.envoyproxy.io/docs/envoy/latest/api-v3/extensions/filters/http/jwt_authn/v3/config.proto#envoy-v3-api-msg-extensions-filters-http-jwt-authn-v3-jwtrequirement
import type { JwtRequirement } from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { FilterConfigError } from '../../http-config-error.ts';
import { audienceTest } from './audiences.ts';
import type { JwtProvider } from './jwt-provider.ts';
import { JWT_STATUS, type JwtStatus } from './jwt-status.ts';
import type { Providers } from './providers.ts';
import { tokenPlaces } from './token-places.ts';
import type { TokenSearch, Verification } from './verification.ts';

export interface Requirement {
  /** Whose tokens it looks at. */
  readonly providers: readonly JwtProvider[];
  readonly verify: (verification: Verification) => JwtStatus;
}

/** Throws FilterConfigError. */
export function compileRequirement({ requiresType: type }: JwtRequirement, providers: Providers): Requirement {
  switch (type.case) {
    case 'providerName':
      return ofProvider(type.value, undefined, providers);
    case 'providerAndAudiences':
      return ofProvider(type.value.providerName, type.value.audiences, providers);
    case 'requiresAny':
      return anyOf(type.value.requirements, providers);
    case 'requiresAll':
      return allOf(
        severalOf(type.value.requirements, 'requires_all').map((each) => compileRequirement(each, providers)),
      );
    case 'allowMissing':
      return missingAllowed(providers);
    case 'allowMissingOrFailed':
      return failedAllowed(providers);
    case undefined:
      return { providers: [], verify: () => JWT_STATUS.ok };
  }
}

function ofProvider(name: string, audiences: readonly string[] | undefined, providers: Providers): Requirement {
  const provider = providers.get(name);
  if (!provider) throw bad(`required provider "${name}" is not configured`);
  const search: TokenSearch = {
    places: provider.settings.places,
    provider,
    isForUs: audiences && audiences.length > 0 ? audienceTest(audiences) : undefined,
  };
  return { providers: [provider], verify: (verification) => verification.verifyAll(search) };
}

function ofAll(providers: Providers): TokenSearch {
  const configs = providers.all.map(({ settings }) => settings.config);
  return { places: tokenPlaces(configs), provider: undefined, isForUs: undefined };
}

function missingAllowed(providers: Providers): Requirement {
  const search = ofAll(providers);
  return {
    providers: providers.all,
    verify(verification) {
      const status = verification.verifyAll(search);
      return status === JWT_STATUS.missed ? JWT_STATUS.ok : status;
    },
  };
}

function failedAllowed(providers: Providers): Requirement {
  const search = ofAll(providers);
  return {
    providers: providers.all,
    verify(verification) {
      verification.tryAll(search);
      return JWT_STATUS.ok;
    },
  };
}

/** Tried in order until one is met. `allow_missing` among them is about the others' tokens. */
function anyOf(list: readonly JwtRequirement[], providers: Providers): Requirement {
  severalOf(list, 'requires_any');
  const kinds = new Set(list.map(({ requiresType }) => requiresType.case));
  const regular = list.filter(
    ({ requiresType: { case: kind } }) => kind !== 'allowMissing' && kind !== 'allowMissingOrFailed',
  );
  if (regular.length === 0) {
    return kinds.has('allowMissingOrFailed') ? failedAllowed(providers) : missingAllowed(providers);
  }
  const choices = regular.map((each) => compileRequirement(each, providers));
  return {
    providers: choices.flatMap((choice) => choice.providers),
    verify(verification) {
      let worst: JwtStatus = JWT_STATUS.missed;
      for (const choice of choices) {
        const status = choice.verify(verification);
        if (status === JWT_STATUS.ok) return status;
        if (worst === JWT_STATUS.missed || !isElsewhere(status)) worst = status;
      }
      const isFine = kinds.has('allowMissingOrFailed') || (kinds.has('allowMissing') && worst === JWT_STATUS.missed);
      return isFine ? JWT_STATUS.ok : worst;
    },
  };
}

/** It says of a token no more than that it is for another provider. */
function isElsewhere(status: JwtStatus): boolean {
  return status === JWT_STATUS.missed || status === JWT_STATUS.unknownIssuer;
}

function allOf(parts: readonly Requirement[]): Requirement {
  return {
    providers: parts.flatMap(({ providers }) => providers),
    verify(verification) {
      for (const part of parts) {
        const status = part.verify(verification);
        if (status !== JWT_STATUS.ok) return status;
      }
      return JWT_STATUS.ok;
    },
  };
}

function severalOf(list: readonly JwtRequirement[], field: string): readonly JwtRequirement[] {
  if (list.length < 2) throw bad(`${field} needs two requirements or more`);
  return list;
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `jwt_authn: ${what}`);
}
