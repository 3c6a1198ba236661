// What one proxy is to have, by type and name.
import { TYPE_URL, type XdsType } from '@meltemi/api';
import type { ResourceTable } from './resource-table.ts';

/** xDS's own types, and two of Istio's: the name table of an agent's DNS (NDS) and the mesh's trust bundle (PCDS). */
export type ServedType = Extract<XdsType, 'CDS' | 'EDS' | 'LDS' | 'RDS' | 'SDS' | 'ECDS'> | 'NDS' | 'PCDS';

/** Changes go out in this order, so that nothing names what is not there yet. */
export const SERVED_TYPES: readonly ServedType[] = ['CDS', 'EDS', 'LDS', 'RDS', 'SDS', 'ECDS', 'NDS', 'PCDS'];

const ISTIO_TYPE_URL = {
  NDS: 'type.googleapis.com/istio.networking.nds.v1.NameTable',
  PCDS: 'type.googleapis.com/istio.mesh.v1alpha1.ProxyConfig',
};

export const SERVED_TYPE_URL: Readonly<Record<ServedType, string>> = { ...TYPE_URL, ...ISTIO_TYPE_URL };

/** Undefined for a type that is not served. */
export function servedTypeOf(typeUrl: string): ServedType | undefined {
  return SERVED_TYPES.find((type) => SERVED_TYPE_URL[type] === typeUrl);
}

/** Immutable; proxies that are to have the same share the maps. */
export type ProxyResources = Readonly<Record<ServedType, ResourceTable>>;

export const NO_RESOURCES: ProxyResources = {
  CDS: new Map(),
  EDS: new Map(),
  LDS: new Map(),
  RDS: new Map(),
  SDS: new Map(),
  ECDS: new Map(),
  NDS: new Map(),
  PCDS: new Map(),
};

/** Tables that are made when they are first asked for, each once; the types that are not named have no resources. */
export function madeWhenAsked(make: Partial<Readonly<Record<ServedType, () => ResourceTable>>>): ProxyResources {
  const made: Partial<Record<ServedType, ResourceTable>> = {};
  const resources = {};
  for (const type of SERVED_TYPES) {
    const get = () => (made[type] ??= make[type]?.() ?? NO_RESOURCES[type]);
    Object.defineProperty(resources, type, { enumerable: true, get });
  }
  return resources as ProxyResources;
}
