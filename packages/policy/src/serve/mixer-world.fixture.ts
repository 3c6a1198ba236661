// A Mixer that serves a folder of YAML on free ports, and a client on the wire.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { create, type MessageInitShape } from '@bufbuild/protobuf';
import type { ServiceError } from '@grpc/grpc-js';
import {
  CheckRequestSchema,
  type CheckResponse,
  Mixer,
  type ReportRequest,
  type ReportResponse,
} from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { ManualClock, seededDice, silentLogger, systemClock } from '@meltemi/base';
import { DirectoryStore } from '@meltemi/config';
import { grpcClient, grpcService } from '@meltemi/rpc';

import { compressAttributes } from '../attributes/compressed-attributes.ts';
import { GLOBAL_WORDS } from '../attributes/global-words.ts';
import type { Value } from '../values/value.ts';

import { type MixerServer, serveMixer } from './mixer-server.ts';

const HERE = { host: '127.0.0.1', port: 0 };

interface CheckInit {
  readonly globalWordCount?: number;
  readonly deduplicationId?: string;
  readonly quotas?: Record<string, { amount: bigint; bestEffort?: boolean }>;
}

type Unary<Request, Response> = (
  request: Request,
  done: (error: ServiceError | null, response?: Response) => void,
) => void;
type Client = { readonly Check: Unary<unknown, CheckResponse>; readonly Report: Unary<unknown, ReportResponse> };

export interface MixerWorld extends AsyncDisposable {
  readonly server: MixerServer;
  readonly clock: ManualClock;
  readonly lines: string[];
  check(attributes: Readonly<Record<string, Value>>, more?: CheckInit): Promise<CheckResponse>;
  /** Sends a message as it is. */
  send(request: MessageInitShape<typeof CheckRequestSchema>): Promise<CheckResponse>;
  report(request: ReportRequest): Promise<ReportResponse>;
  /** Resolves when it is so, after a change of the configuration. */
  until(holds: () => Promise<boolean>): Promise<void>;
  /** Writes the policy, and waits until it holds. */
  rewrite(yaml: string): Promise<void>;
}

/** `name` of the file is policy.yaml; rules of istio-system are for all. */
export async function mixerWorld(yaml: string): Promise<MixerWorld> {
  const folder = mkdtempSync(join(tmpdir(), 'mixs-'));
  const file = join(folder, 'policy.yaml');
  writeFileSync(file, yaml);
  const config = await DirectoryStore.open({ directories: [folder], clock: systemClock(), logger: silentLogger });
  const [clock, lines]: [ManualClock, string[]] = [new ManualClock(1_500_000_000_000), []];
  const server = await serveMixer({
    config,
    configNamespace: 'istio-system',
    address: HERE,
    monitoring: HERE,
    prometheus: HERE,
    configApi: HERE,
    clock,
    dice: seededDice(1),
    logger: silentLogger,
    write: (line) => void lines.push(line),
    version: 'test',
  });
  const changed = () =>
    new Promise<void>((resolve) => {
      const watch = config.watch(() => {
        watch.close();
        resolve();
      });
    });
  const client = grpcClient(grpcService(Mixer), { host: '127.0.0.1', port: server.port });
  const { Check, Report } = client as unknown as Client;
  const send: MixerWorld['send'] = (request) => unary(Check.bind(client), create(CheckRequestSchema, request));
  return {
    server,
    clock,
    lines,
    send,
    check: (attributes, more) => {
      const compressed = compressAttributes(Object.entries(attributes));
      return send({ globalWordCount: GLOBAL_WORDS.length, ...more, attributes: compressed });
    },
    report: (request) => unary(Report.bind(client), request),
    until: async (holds) => {
      for (let next = changed(); !(await holds()); next = changed()) await next;
    },
    rewrite: (text) => {
      const held = changed();
      writeFileSync(file, text);
      return held;
    },
    [Symbol.asyncDispose]: async () => {
      client.close();
      await server.close();
      await config.close();
      rmSync(folder, { recursive: true });
    },
  };
}

function unary<Request, Response>(method: Unary<Request, Response>, request: Request): Promise<Response> {
  return new Promise((resolve, reject) => {
    method(request, (error, response) => (error ? reject(error) : resolve(response!)));
  });
}
