// Sidecar: what a workload's proxy sees and opens. https://istio.io/latest/docs/reference/config/networking/sidecar/
import type { Labels } from '@meltemi/base';

import { CODE } from '../problem-code.ts';
import { anything, type Finding, labelMap, list, message, oneOfTexts, portNumber, text, texts } from '../schema.ts';
import type { NamedPort, ServerTls } from './gateway.ts';

export interface Sidecar {
  readonly workloadSelector?: { readonly labels: Labels };
  readonly ingress?: readonly SidecarIngress[];
  readonly egress?: readonly SidecarEgress[];
  readonly inboundConnectionPool?: unknown;
  readonly outboundTrafficPolicy?: OutboundTrafficPolicy;
}

export interface SidecarIngress {
  readonly port: NamedPort;
  readonly bind?: string;
  readonly captureMode?: CaptureMode;
  readonly defaultEndpoint?: string;
  readonly tls?: ServerTls;
}

/** `hosts` are `namespace/host`, with wildcards, `.` and `~`. */
export interface SidecarEgress {
  readonly port?: NamedPort;
  readonly bind?: string;
  readonly captureMode?: CaptureMode;
  readonly hosts: readonly string[];
}

export type CaptureMode = 'DEFAULT' | 'IPTABLES' | 'NONE';

export interface OutboundTrafficPolicy {
  readonly mode?: 'REGISTRY_ONLY' | 'ALLOW_ANY';
  readonly egressProxy?: unknown;
}

const port = message({ number: portNumber, protocol: text(), name: text(), targetPort: portNumber });
const captureMode = oneOfTexts('DEFAULT', 'IPTABLES', 'NONE');

export const sidecarSchema = message({
  workloadSelector: message({ labels: labelMap }),
  ingress: list(
    message(
      { port, bind: text(), captureMode, defaultEndpoint: text(), tls: anything, connectionPool: anything },
      { required: ['port'] },
    ),
  ),
  egress: list(
    message({ port, bind: text(), captureMode, hosts: texts }, { required: ['hosts'], check: checkEgressHosts }),
  ),
  inboundConnectionPool: anything,
  outboundTrafficPolicy: message({ mode: oneOfTexts('REGISTRY_ONLY', 'ALLOW_ANY'), egressProxy: anything }),
});

/** One that covers all leaves nothing to others, but to those that are left out (`~namespace/host`). */
function checkEgressHosts({ hosts }: Readonly<Record<string, unknown>>): Finding[] {
  if (!Array.isArray(hosts)) return [];
  const all = hosts.indexOf('*/*');
  if (all < 0 || hosts.every((host, index) => index === all || String(host).startsWith('~'))) return [];
  return [
    {
      path: ['hosts', all],
      code: CODE.exclusive,
      message: '"*/*" selects everything: no other host can stand beside it',
    },
  ];
}
