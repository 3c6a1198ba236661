// The kinds of HTTP filters that the proxy has, by the message that configures them.
import { ACCESS_FILTER } from './access-filter.ts';
import { CORS_FILTER } from './cors-filter.ts';
import { FAULT_FILTER } from './fault-filter.ts';
import type { HttpFilterType } from './filter-type.ts';

const TYPES: readonly HttpFilterType[] = [ACCESS_FILTER, CORS_FILTER, FAULT_FILTER];

const BY_NAME: ReadonlyMap<string, HttpFilterType> = new Map(TYPES.map((type) => [type.typeName, type]));

/** `typeName`: a message's full name. */
export function httpFilterType(typeName: string): HttpFilterType | undefined {
  return BY_NAME.get(typeName);
}
