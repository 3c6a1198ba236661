// WorkloadGroup: what all machines of a group have in common. https://istio.io/latest/docs/reference/config/networking/workload-group/
import { CODE } from '../problem-code.ts';
import { type Finding, integer, labelMap, list, message, oneOfTexts, portNumber, text, texts } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import { type WorkloadEntry, workloadEntrySchema } from './service-entry.ts';

export interface WorkloadGroup {
  readonly metadata?: {
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
  };
  readonly template: WorkloadEntry;
  readonly probe?: unknown;
}

const PROBES = ['httpGet', 'tcpSocket', 'exec', 'grpc'];
const seconds = integer(0, 2_147_483_647);

const probe = message(
  {
    initialDelaySeconds: seconds,
    timeoutSeconds: seconds,
    periodSeconds: seconds,
    successThreshold: seconds,
    failureThreshold: seconds,
    httpGet: message(
      {
        path: text(),
        port: portNumber,
        host: text(),
        scheme: oneOfTexts('HTTP', 'HTTPS'),
        httpHeaders: list(message({ name: nonEmpty, value: text() }, { required: ['name'] })),
      },
      { required: ['port'] },
    ),
    tcpSocket: message({ host: text(), port: portNumber }, { required: ['port'] }),
    exec: message({ command: texts }, { required: ['command'] }),
    grpc: message({ port: portNumber, service: text() }),
  },
  { oneOf: [PROBES], check: checkProbe },
);

export const workloadGroupSchema = message(
  { metadata: message({ labels: labelMap, annotations: labelMap }), template: workloadEntrySchema, probe },
  { required: ['template'] },
);

function checkProbe(written: Readonly<Record<string, unknown>>): Finding[] {
  if (PROBES.some((name) => written[name] !== undefined)) return [];
  return [{ path: [], code: CODE.missing, message: `one of ${PROBES.join(', ')} is needed` }];
}
