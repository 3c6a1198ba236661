// Finds the requirement that a request has to meet: by its route, by the filter's rules, or by what another filter kept.
import type { Any } from '@bufbuild/protobuf/wkt';
import {
  type JwtAuthentication,
  type JwtRequirement,
  PerRouteConfigSchema,
  type RequirementRule,
} from '@meltemi/api/envoy/extensions/filters/http/jwt_authn/v3/config_pb';
import { compileRequestTest, type RequestView } from '@meltemi/decide';
import { FilterConfigError } from '../../http-config-error.ts';
import type { StreamEntry } from '../../stream-entry.ts';
import { readMessage } from '../read-message.ts';
import type { Providers } from './providers.ts';
import { compileRequirement, type Requirement } from './requirement.ts';

/** What a route says; undefined: its requests need no token. */
export type RouteRequirement = { readonly name: string | undefined };

/** Throws FilterConfigError. */
export function readRouteRequirement(config: Any): RouteRequirement {
  const { requirementSpecifier: given } = readMessage(config, PerRouteConfigSchema);
  if (given.case === 'disabled' && given.value) return { name: undefined };
  if (given.case === 'requirementName' && given.value !== '') return { name: given.value };
  throw bad('a route says disabled: true or requirement_name');
}

interface CompiledRule {
  readonly matches: (request: RequestView) => boolean;
  readonly requirement: Requirement | undefined;
}

export class JwtRules {
  readonly #rules: readonly CompiledRule[];
  readonly #named: ReadonlyMap<string, Requirement>;
  readonly #stateName: string;
  readonly #byState: ReadonlyMap<string, Requirement>;

  /** Throws FilterConfigError or DecideError. */
  constructor(config: JwtAuthentication, providers: Providers) {
    this.#named = compileMap(config.requirementMap, providers);
    this.#rules = config.rules.map((rule) => this.#compileRule(rule, providers));
    this.#stateName = config.filterStateRules?.name ?? '';
    if (config.filterStateRules && this.#stateName === '') throw bad('filter_state_rules has no name');
    this.#byState = compileMap(config.filterStateRules?.requires ?? {}, providers);
  }

  /** Undefined: none. */
  find(entry: StreamEntry): Requirement | undefined {
    for (const { matches, requirement } of this.#rules) if (matches(entry)) return requirement;
    if (this.#stateName === '') return undefined;
    const state = entry.filterState?.get(this.#stateName);
    return typeof state === 'string' ? this.#byState.get(state) : undefined;
  }

  /** Undefined: no requirement has that name. */
  named(name: string): Requirement | undefined {
    return this.#named.get(name);
  }

  get names(): readonly string[] {
    return [...this.#named.keys()].sort();
  }

  #compileRule({ match, requirementType: type }: RequirementRule, providers: Providers): CompiledRule {
    if (!match) throw bad('a rule has no match');
    return { matches: compileRequestTest(match), requirement: this.#requirementOf(type, providers) };
  }

  #requirementOf(type: RequirementRule['requirementType'], providers: Providers): Requirement | undefined {
    if (type.case === 'requires') return compileRequirement(type.value, providers);
    if (type.case === undefined) return undefined;
    const named = this.#named.get(type.value);
    if (!named) throw bad(`requirement_name ${type.value} is none of [${this.names.join(',')}]`);
    return named;
  }
}

function compileMap(
  map: Readonly<Record<string, JwtRequirement>>,
  providers: Providers,
): ReadonlyMap<string, Requirement> {
  return new Map(Object.entries(map).map(([name, each]) => [name, compileRequirement(each, providers)]));
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `jwt_authn: ${what}`);
}
