// A Check over gRPC, 100 in flight, beside an empty unary call of the same library: CPU µs of the server for a call.
import { create } from '@bufbuild/protobuf';
import { type CheckRequest, CheckRequestSchema } from '@meltemi/api/istio/mixer/v1/mixer_pb';
import { compressAttributes, GLOBAL_WORDS, type MixerTransport, mixerTransport } from '@meltemi/policy';
import { type Figure, figure } from './figure.ts';
import { type MixerPeer, startEmptyServer, startMixs } from './mixs-process.ts';
import { attributesOf } from './requests.ts';

const IN_FLIGHT = 100;
const CALLS = 4000;
const DEADLINE_MS = 60_000;

export async function checkCost(rounds: number): Promise<Figure> {
  const sides = await Promise.all([startMixs(), startEmptyServer()]);
  const requests = [checkRequest, () => create(CheckRequestSchema)];
  const transports = sides.map(({ port }) => mixerTransport({ host: '127.0.0.1', port }, DEADLINE_MS, Date.now));
  const costs: [number[], number[]] = [[], []];
  try {
    for (let round = -2; round < rounds; round++) {
      for (const index of round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)) {
        const cost = await perCall(sides[index], transports[index]!, requests[index]!);
        if (round >= 0) costs[index].push(cost);
      }
    }
  } finally {
    for (const transport of transports) transport.close();
    for (const side of sides) side.stop();
  }
  return figure({ name: 'Check over gRPC, to an empty call', unit: 'CPU µs', bar: 2, aim: 1.2 }, ...costs);
}

async function perCall(
  server: MixerPeer,
  transport: MixerTransport,
  request: (index: number) => CheckRequest,
): Promise<number> {
  const before = server.cpu();
  let sent = 0;
  const caller = async (): Promise<void> => {
    while (sent < CALLS) await transport.check(request(sent++));
  };
  await Promise.all(Array.from({ length: IN_FLIGHT }, caller));
  return (server.cpu() - before) / CALLS;
}

function checkRequest(index: number): CheckRequest {
  const attributes = compressAttributes(attributesOf(index));
  return create(CheckRequestSchema, { attributes, globalWordCount: GLOBAL_WORDS.length });
}
