// What a listener's filter chain or a route's match takes, in the words of istioctl's tables.
import type { FilterChainMatchJson, RouteJson } from '../proxy-json.ts';

export function chainMatchText(match: FilterChainMatchJson | undefined): string {
  const { server_names: names, transport_protocol: transport, application_protocols: protocols } = match ?? {};
  const ranges = match?.prefix_ranges?.map((range) => `${range.address_prefix}/${range.prefix_len ?? 0}`);
  const words = [
    ...(names?.length ? [`SNI: ${names.join(',')}`] : []),
    ...(transport ? [`Trans: ${transport}`] : []),
    ...(protocols?.length ? [`App: ${protocols.join(',')}`] : []),
    ...(ranges?.length ? [`Addr: ${ranges.join(',')}`] : []),
    ...(match?.destination_port === undefined ? [] : [`Port: ${match.destination_port}`]),
  ];
  return words.join('; ') || 'ALL';
}

export function routeMatchText(match: RouteJson['match']): string {
  if (match?.path !== undefined) return match.path;
  if (match?.path_separated_prefix !== undefined) return `PathPrefix:${match.path_separated_prefix}`;
  if (match?.prefix !== undefined) return `${match.prefix}*`;
  return match?.safe_regex ? `regex ${match.safe_regex.regex ?? ''}` : '';
}
