// What one proxy is to have, by type and name.
import type { XdsType } from '@meltemi/api';
import type { Fragment } from './fragment.ts';

export type ServedType = Extract<XdsType, 'CDS' | 'EDS' | 'LDS' | 'RDS'>;

/** Changes go out in this order, so that nothing names what is not there yet. */
export const SERVED_TYPES: readonly ServedType[] = ['CDS', 'EDS', 'LDS', 'RDS'];

/** Immutable; proxies that are to have the same share the maps. */
export type ProxyResources = Readonly<Record<ServedType, ReadonlyMap<string, Fragment>>>;

export const NO_RESOURCES: ProxyResources = { CDS: new Map(), EDS: new Map(), LDS: new Map(), RDS: new Map() };
