// The parts of Kubernetes objects that the mesh reads: services, pods, deployments, ingresses. Other fields are kept.
// https://kubernetes.io/docs/reference/kubernetes-api/
import type { Labels } from '@meltemi/base';

import { anything, flag, integer, labelMap, list, message, portNumber, portRef, text, texts } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';

export interface ServiceSpec {
  readonly selector?: Labels;
  readonly ports?: readonly ServicePort[];
  readonly type?: string;
  readonly clusterIP?: string;
  readonly externalName?: string;
}

/** `targetPort` is a number, or the name of a container's port; without one it is `port`. */
export interface ServicePort {
  readonly port: number;
  readonly name?: string;
  readonly targetPort?: number | string;
  readonly protocol?: string;
  readonly appProtocol?: string;
  readonly nodePort?: number;
}

export interface PodSpec {
  readonly serviceAccountName?: string;
  readonly nodeName?: string;
  readonly hostNetwork?: boolean;
  readonly containers: readonly Container[];
  readonly initContainers?: readonly Container[];
  readonly securityContext?: SecurityContext;
}

export interface SecurityContext {
  readonly runAsUser?: number;
}

export interface PodStatus {
  readonly phase?: string;
  readonly podIP?: string;
  readonly conditions?: readonly { readonly type: string; readonly status: string }[];
}

export interface Container {
  readonly name: string;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly args?: readonly string[];
  readonly workingDir?: string;
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[];
  readonly ports?: readonly ContainerPort[];
  readonly readinessProbe?: unknown;
  readonly livenessProbe?: unknown;
  readonly securityContext?: SecurityContext;
}

export interface ContainerPort {
  readonly containerPort: number;
  readonly name?: string;
  readonly protocol?: string;
}

/** A set of addresses that all serve the same ports. */
export interface EndpointSubset {
  readonly addresses?: readonly EndpointAddress[];
  readonly ports?: readonly { readonly name?: string; readonly port: number; readonly protocol?: string }[];
}

export interface EndpointAddress {
  readonly ip: string;
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

export interface DeploymentSpec {
  readonly replicas?: number;
  readonly selector?: { readonly matchLabels?: Labels };
  readonly template: PodTemplate;
}

export interface PodTemplate {
  readonly metadata?: { readonly labels?: Labels; readonly annotations?: Readonly<Record<string, string>> };
  readonly spec: PodSpec;
}

export interface IngressSpec {
  readonly ingressClassName?: string;
  readonly backend?: IngressBackend;
  readonly defaultBackend?: IngressBackend;
  readonly rules?: readonly IngressRule[];
  readonly tls?: readonly { readonly hosts?: readonly string[]; readonly secretName?: string }[];
}

export interface IngressRule {
  readonly host?: string;
  readonly http?: { readonly paths: readonly IngressPath[] };
}

export interface IngressPath {
  readonly path?: string;
  readonly pathType?: string;
  readonly backend: IngressBackend;
}

/** `serviceName` and `servicePort` in v1beta1, `service` in v1. */
export interface IngressBackend {
  readonly serviceName?: string;
  readonly servicePort?: number | string;
  readonly service?: { readonly name: string; readonly port?: { readonly number?: number; readonly name?: string } };
}

const open = { open: true } as const;

const container = message(
  {
    name: nonEmpty,
    image: text(),
    command: texts,
    args: texts,
    workingDir: text(),
    env: list(message({ name: nonEmpty, value: text(), valueFrom: anything }, { required: ['name'], ...open })),
    ports: list(
      message({ containerPort: portNumber, name: text(), protocol: text() }, { required: ['containerPort'], ...open }),
    ),
  },
  { required: ['name'], ...open },
);

export const podSchema = message(
  {
    serviceAccountName: text(),
    nodeName: text(),
    hostNetwork: flag,
    containers: list(container, 1),
    initContainers: list(container),
  },
  { required: ['containers'], ...open },
);

export const serviceSchema = message(
  {
    selector: labelMap,
    ports: list(
      message(
        {
          port: portNumber,
          name: text(),
          targetPort: portRef,
          protocol: text(),
          appProtocol: text(),
          nodePort: portNumber,
        },
        { required: ['port'], ...open },
      ),
    ),
    type: text(),
    clusterIP: text(),
    externalName: text(),
  },
  open,
);

export const endpointSubsets = list(
  message(
    {
      addresses: list(
        message(
          { ip: nonEmpty, targetRef: message({ kind: text(), name: text(), namespace: text() }, open) },
          { required: ['ip'], ...open },
        ),
      ),
      ports: list(message({ name: text(), port: portNumber, protocol: text() }, { required: ['port'], ...open })),
    },
    open,
  ),
);

const template = message(
  { metadata: message({ labels: labelMap, annotations: labelMap }, open), spec: podSchema },
  { required: ['spec'], ...open },
);

export const deploymentSchema = message(
  { replicas: integer(0, 10_000), selector: message({ matchLabels: labelMap }, open), template },
  { required: ['template'], ...open },
);

const backend = message(
  {
    serviceName: text(),
    servicePort: portRef,
    service: message(
      { name: nonEmpty, port: message({ number: portNumber, name: text() }, open) },
      { required: ['name'], ...open },
    ),
  },
  open,
);

export const ingressSchema = message(
  {
    ingressClassName: text(),
    backend,
    defaultBackend: backend,
    rules: list(
      message(
        {
          host: text(),
          http: message(
            { paths: list(message({ path: text(), pathType: text(), backend }, { required: ['backend'], ...open })) },
            { required: ['paths'], ...open },
          ),
        },
        open,
      ),
    ),
    tls: list(message({ hosts: texts, secretName: text() }, open)),
  },
  open,
);

/** For objects without a spec that the mesh reads. */
export const openSchema = message({}, open);
