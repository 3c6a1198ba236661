// Where something is → the labels by which rules speak of it.
import type { Labels } from '@meltemi/base';

const NAMES = ['topology.kubernetes.io/region', 'topology.kubernetes.io/zone', 'topology.istio.io/subzone'] as const;

/** `region/zone/subzone`; parts that are empty are not said. */
export function localityLabels(locality: string): Labels {
  const parts = locality.split('/');
  return Object.fromEntries(NAMES.flatMap((name, index) => (parts[index] ? [[name, parts[index]] as const] : [])));
}
