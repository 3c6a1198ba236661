// Turns the configuration of the ext_authz filter into what it works with.
import {
  type BufferSettings,
  type ExtAuthz,
  ExtAuthzSchema,
} from '@meltemi/api/envoy/extensions/filters/http/ext_authz/v3/ext_authz_pb';
import { ApiVersion } from '@meltemi/api/envoy/config/core/v3/config_source_pb';
import type { Node } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { FractionalPercent_DenominatorType as Denominator } from '@meltemi/api/envoy/type/v3/percent_pb';
import { compileMetadata, type MetadataTest } from '@meltemi/decide';
import { FilterConfigError } from '../../http-config-error.ts';
import { type NameTest, nameTest } from './header-names.ts';
import { type MutationRules, mutationRules } from './mutation-rules.ts';
import { nodeLabels } from './node-labels.ts';

export interface BodySettings {
  readonly maxBytes: number;
  readonly partial: boolean;
  /** Counts where the filter says it; routes have no say. */
  readonly asBytes: boolean;
}

export interface AuthzSettings {
  readonly config: ExtAuthz;
  /** Undefined: the server does not see the body. */
  readonly body: BodySettings | undefined;
  readonly statusOnError: number;
  /** Of the requests, from 0 to 1. */
  readonly enabledPart: number;
  /** Undefined: all. */
  readonly enabledBy: MetadataTest | undefined;
  readonly deniesWhenDisabled: boolean;
  readonly showsHeader: NameTest;
  /** For the headers of requests; undefined: all may be changed. */
  readonly mutationRules: MutationRules | undefined;
  /** Of the destination. */
  readonly labels: Readonly<Record<string, string>>;
}

/** Those that a server which is asked by HTTP gets in any case. */
const ALWAYS_SHOWN = ['authorization', ':method', ':path', ':authority'];

/** Throws FilterConfigError or DecideError. */
export function authzSettings(config: ExtAuthz, node: Node | undefined): AuthzSettings {
  refuseUnsupported(config);
  return {
    config,
    body: config.withRequestBody && bodySettings(config.withRequestBody),
    statusOnError: config.statusOnError?.code || 403,
    enabledPart: enabledPart(config),
    enabledBy: config.filterEnabledMetadata && compileMetadata(config.filterEnabledMetadata),
    deniesWhenDisabled: config.denyAtDisable?.defaultValue ?? false,
    showsHeader: shownHeaders(config),
    mutationRules: config.decoderHeaderMutationRules && mutationRules(config.decoderHeaderMutationRules),
    labels: nodeLabels(node, config.bootstrapMetadataLabelsKey),
  };
}

/** Throws FilterConfigError. */
export function bodySettings({ maxRequestBytes, allowPartialMessage, packAsBytes }: BufferSettings): BodySettings {
  if (maxRequestBytes === 0) throw bad('max_request_bytes is 0');
  return { maxBytes: maxRequestBytes, partial: allowPartialMessage, asBytes: packAsBytes };
}

function refuseUnsupported(config: ExtAuthz): void {
  if (config.services.case === 'grpcService' && config.transportApiVersion !== ApiVersion.V3) {
    throw bad('transport_api_version is not V3');
  }
  if (config.routeMetadataContextNamespaces.length > 0) throw unsupported('route_metadata_context_namespaces');
  const [unknown] = config.$unknown ?? [];
  if (unknown) throw unsupported(`field ${unknown.no} of ${ExtAuthzSchema.typeName}`);
}

function enabledPart({ filterEnabled }: ExtAuthz): number {
  const percent = filterEnabled?.defaultValue;
  if (!filterEnabled) return 1;
  return (percent?.numerator ?? 0) / DENOMINATORS[percent?.denominator ?? Denominator.HUNDRED];
}

const DENOMINATORS: Readonly<Record<Denominator, number>> = {
  [Denominator.HUNDRED]: 100,
  [Denominator.TEN_THOUSAND]: 10_000,
  [Denominator.MILLION]: 1_000_000,
};

function shownHeaders({ services, allowedHeaders, disallowedHeaders }: ExtAuthz): NameTest {
  const older = services.case === 'httpService' ? services.value.authorizationRequest?.allowedHeaders : undefined;
  if (older && allowedHeaders) throw bad('allowed_headers stands in two places');
  const always = services.case === 'httpService' ? ALWAYS_SHOWN : [];
  const isOpen = services.case === 'grpcService' && !allowedHeaders;
  const allows = isOpen ? () => true : nameTest(allowedHeaders ?? older, always);
  const hides = nameTest(disallowedHeaders);
  return (name) => allows(name) && !hides(name);
}

function bad(what: string): FilterConfigError {
  return new FilterConfigError('BAD_FILTER', `ext_authz: ${what}`);
}

function unsupported(field: string): FilterConfigError {
  return new FilterConfigError('UNSUPPORTED_FIELD', `ext_authz: ${field} is not supported`);
}
