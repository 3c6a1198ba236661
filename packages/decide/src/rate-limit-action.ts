// Turns one action of a RateLimit into the descriptor entry that it makes of a request.
import type {
  RateLimit_Action as Action,
  RateLimit_Action_GenericKey as GenericKey,
  RateLimit_Action_HeaderValueMatch as HeaderValueMatch,
  RateLimit_Action_MaskedRemoteAddress as MaskedRemoteAddress,
  RateLimit_Action_QueryParameterValueMatch as QueryParameterValueMatch,
} from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import { RateLimit_Action_MetaData_Source as MetadataSource } from '@meltemi/api/envoy/config/route/v3/route_components_pb';
import type { MetadataKey } from '@meltemi/api/envoy/type/metadata/v3/metadata_pb';
import { DecideError } from './decide-error.ts';
import { compileHeaderCondition } from './header-match.ts';
import { maskedAddress } from './masked-address.ts';
import { compileQueryTest, decodedQueryParameter } from './query.ts';
import { metadataValue } from './rate-limit-extent.ts';
import type { RateLimitEntry, RateLimitView } from './rate-limit-view.ts';
import { firstOf } from './request-view.ts';

/** `nothing`: the request is not counted under this rule. `skip`: it is, without this entry. */
export type RateLimitAction = (view: RateLimitView) => RateLimitEntry | 'skip' | 'nothing';

/** Throws DecideError. */
export function compileRateLimitAction({ actionSpecifier: action }: Action): RateLimitAction {
  switch (action.case) {
    case 'sourceCluster':
      return ({ sourceCluster: value }) => ({ key: 'source_cluster', value });
    case 'destinationCluster':
      return ({ destinationCluster: value }) => ({ key: 'destination_cluster', value });
    case 'requestHeaders': {
      const { headerName, descriptorKey, skipIfAbsent } = action.value;
      const name = headerName.toLowerCase();
      return ({ request }) => entryOr(descriptorKey, firstOf(request, name), skipIfAbsent);
    }
    case 'queryParameters': {
      const { queryParameterName: name, descriptorKey, skipIfAbsent } = action.value;
      return ({ request }) => entryOr(descriptorKey, decodedQueryParameter(request.path, name), skipIfAbsent);
    }
    case 'remoteAddress':
      return ({ request }) => entryOr('remote_address', request.remoteAddress || undefined, false);
    case 'maskedRemoteAddress':
      return maskedRemoteAddress(action.value);
    case 'genericKey':
      return genericKey(action.value);
    case 'headerValueMatch':
      return headerValueMatch(action.value);
    case 'queryParameterValueMatch':
      return queryParameterValueMatch(action.value);
    case 'dynamicMetadata':
      return fromMetadata({ ...action.value, source: MetadataSource.DYNAMIC, skipIfAbsent: false });
    case 'metadata':
      return fromMetadata(action.value);
    case 'extension':
      throw new DecideError('UNSUPPORTED', `rate_limits: extension ${action.value.name}`);
    case undefined:
      throw new DecideError('UNSUPPORTED', 'rate_limits: an action that is not known');
  }
}

function entryOr(key: string, value: string | undefined, skips: boolean): ReturnType<RateLimitAction> {
  if (value !== undefined) return { key, value };
  return skips ? 'skip' : 'nothing';
}

function maskedRemoteAddress({ v4PrefixMaskLen = 32, v6PrefixMaskLen = 128 }: MaskedRemoteAddress): RateLimitAction {
  if (v4PrefixMaskLen > 32 || v6PrefixMaskLen > 128)
    throw new DecideError('BAD_ACTION', 'rate_limits: masked_remote_address: the mask is too long');
  return ({ request }) =>
    entryOr(
      'masked_remote_address',
      maskedAddress(request.remoteAddress ?? '', v4PrefixMaskLen, v6PrefixMaskLen),
      false,
    );
}

function genericKey({ descriptorKey, descriptorValue }: GenericKey): RateLimitAction {
  return valueWhen(descriptorKey || 'generic_key', descriptorValue, () => true);
}

function headerValueMatch(action: HeaderValueMatch): RateLimitAction {
  const { descriptorKey, descriptorValue, expectMatch = true, headers } = action;
  const conditions = headers.map(compileHeaderCondition);
  return valueWhen(
    descriptorKey || 'header_match',
    descriptorValue,
    ({ request }) => conditions.every((condition) => condition.holds(request, '', 0)) === expectMatch,
  );
}

function queryParameterValueMatch(action: QueryParameterValueMatch): RateLimitAction {
  const { descriptorKey, descriptorValue, expectMatch = true, queryParameters } = action;
  const tests = queryParameters.map((matcher) => ({ name: matcher.name, test: compileQueryTest(matcher) }));
  return valueWhen(
    descriptorKey || 'query_match',
    descriptorValue,
    ({ request }) => tests.every(({ name, test }) => test(decodedQueryParameter(request.path, name))) === expectMatch,
  );
}

function valueWhen(key: string, value: string, holds: (view: RateLimitView) => boolean): RateLimitAction {
  if (value === '') throw new DecideError('BAD_ACTION', 'rate_limits: a descriptor_value is empty');
  const entry: RateLimitEntry = { key, value };
  return (view) => (holds(view) ? entry : 'nothing');
}

interface FromMetadata {
  readonly descriptorKey: string;
  readonly metadataKey?: MetadataKey | undefined;
  readonly defaultValue: string;
  readonly source: MetadataSource;
  readonly skipIfAbsent: boolean;
}

function fromMetadata({
  descriptorKey,
  metadataKey,
  defaultValue,
  source,
  skipIfAbsent,
}: FromMetadata): RateLimitAction {
  if (!metadataKey) throw new DecideError('BAD_ACTION', 'rate_limits: metadata without metadata_key');
  if (source !== MetadataSource.DYNAMIC && source !== MetadataSource.ROUTE_ENTRY)
    throw new DecideError('UNSUPPORTED', `rate_limits: metadata source ${String(source)}`);
  return (view) => {
    const from = source === MetadataSource.DYNAMIC ? view.request.metadata : view.routeMetadata;
    const found = metadataValue(from, metadataKey);
    const value = typeof found === 'string' && found !== '' ? found : defaultValue;
    return entryOr(descriptorKey, value || undefined, skipIfAbsent);
  };
}
