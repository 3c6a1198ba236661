// The sidecar's own CPU a request, and what policy and telemetry add to it: rules in its process, reports to Mixer in batches.
import { create, createRegistry, type JsonObject, toJson } from '@bufbuild/protobuf';
import { file_google_protobuf_struct } from '@bufbuild/protobuf/wkt';
import { packAny } from '@meltemi/api';
import { HttpFilterSchema } from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import { MixerFilterSchema } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import { attributesMessage, type AttributeValue } from '@meltemi/api/mixer';
import { anyHost, bootstrap, httpListener } from '../support/bootstrap.ts';
import type { Lab } from '../support/lab.ts';
import { wrk } from '../support/load.ts';
import type { Program, Running } from '../support/program.ts';
import { startMixs } from './mixs-process.ts';
import { DESTINATION, RULE } from './requests.ts';

const CONNECTIONS = 64;

export interface SidecarCosts {
  /** CPU µs a request, round by round. */
  readonly plain: readonly number[];
  readonly mixed: readonly number[];
}

export async function sidecarCosts(lab: Lab, program: Program, rounds: number): Promise<SidecarCosts> {
  const upstream = await lab.upstream();
  const mixs = await startMixs();
  const clusters = [
    { name: 'upstream', port: upstream.port },
    { name: 'mixer_server', port: mixs.port, http2: true },
  ];
  const start = (filters: (port: number) => readonly JsonObject[]): Promise<Running> =>
    lab.proxy(program, (port) =>
      bootstrap([httpListener({ port, virtualHosts: [anyHost('upstream')], filters: filters(port) })], clusters),
    );
  try {
    const sides = [await start(() => []), await start((port) => [mixerFilter(port)])] as const;
    for (const { port } of sides) await wrk(port, { connections: CONNECTIONS, seconds: 2 });
    const costs: [number[], number[]] = [[], []];
    for (let round = 0; round < rounds; round++) {
      for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        costs[index].push(await perRequest(sides[index], lab.seconds));
      }
    }
    return { plain: costs[0], mixed: costs[1] };
  } finally {
    mixs.stop();
  }
}

async function perRequest(side: Running, seconds: number): Promise<number> {
  const before = side.cpu();
  const { requests } = await wrk(side.port, { connections: CONNECTIONS, seconds });
  return (side.cpu() - before) / requests;
}

/** As the control plane writes it for an inbound listener. */
function mixerFilter(port: number): JsonObject {
  const namespace = 'istio-system';
  const config = create(MixerFilterSchema, {
    cluster: 'mixer_server',
    attributes: attributesMessage(
      new Map<string, AttributeValue>([
        ['destination.service', DESTINATION.service],
        ['destination.labels', new Map(Object.entries(DESTINATION.labels))],
      ]),
    ),
    check: true,
    report: true,
    failClosed: true,
    policy: {
      configNamespace: namespace,
      resources: [
        { kind: 'denier', namespace, name: 'no', spec: { status: { code: 7 } } },
        { kind: 'checknothing', namespace, name: 'all', spec: {} },
        {
          kind: 'rule',
          namespace,
          name: 'deny',
          spec: {
            match: RULE(`127.0.0.1:${port}`),
            actions: [{ handler: 'no.denier', instances: ['all.checknothing'] }],
          },
        },
      ],
    },
  });
  const value = packAny(MixerFilterSchema, config);
  const filter = create(HttpFilterSchema, { name: 'mixer', configType: { case: 'typedConfig', value } });
  const registry = createRegistry(MixerFilterSchema, file_google_protobuf_struct);
  return toJson(HttpFilterSchema, filter, { registry, useProtoFieldName: true }) as JsonObject;
}
