// ServiceEntry and WorkloadEntry: services and endpoints that the platform does not know.
// https://istio.io/latest/docs/reference/config/networking/service-entry/
import type { Labels } from '@meltemi/base';

import { count, labelMap, list, mapOf, message, oneOfTexts, portNumber, text, texts } from '../schema.ts';
import { host } from '../text-check.ts';
import { type NamedPort, namedPort } from './gateway.ts';
import { checkServiceEntry } from './service-entry-checks.ts';

export interface ServiceEntry {
  readonly hosts: readonly string[];
  readonly addresses?: readonly string[];
  readonly ports?: readonly NamedPort[];
  readonly location?: 'MESH_EXTERNAL' | 'MESH_INTERNAL';
  readonly resolution?: 'NONE' | 'STATIC' | 'DNS' | 'DNS_ROUND_ROBIN' | 'DYNAMIC_DNS';
  readonly endpoints?: readonly WorkloadEntry[];
  readonly workloadSelector?: { readonly labels: Labels };
  readonly exportTo?: readonly string[];
  readonly subjectAltNames?: readonly string[];
}

/** What a control plane gave the hosts of an entry that names no addresses. */
export interface ServiceEntryStatus {
  readonly addresses?: readonly { readonly host?: string; readonly value?: string }[];
}

export const serviceEntryStatusSchema = message(
  { addresses: list(message({ host: text(), value: text() }, { open: true })) },
  { open: true },
);

/** `ports` leads from the name of a service's port to a number. */
export interface WorkloadEntry {
  readonly address?: string;
  readonly ports?: Readonly<Record<string, number>>;
  readonly labels?: Labels;
  readonly network?: string;
  readonly locality?: string;
  readonly weight?: number;
  readonly serviceAccount?: string;
}

export const workloadEntrySchema = message({
  address: text(),
  ports: mapOf(portNumber),
  labels: labelMap,
  network: text(),
  locality: text(),
  weight: count,
  serviceAccount: text(),
});

export const serviceEntrySchema = message(
  {
    hosts: list(host, 1),
    addresses: texts,
    ports: list(namedPort),
    location: oneOfTexts('MESH_EXTERNAL', 'MESH_INTERNAL'),
    resolution: oneOfTexts('NONE', 'STATIC', 'DNS', 'DNS_ROUND_ROBIN', 'DYNAMIC_DNS'),
    endpoints: list(workloadEntrySchema),
    workloadSelector: message({ labels: labelMap }),
    exportTo: texts,
    subjectAltNames: texts,
  },
  { required: ['hosts'], oneOf: [['endpoints', 'workloadSelector']], check: checkServiceEntry },
);
