// Latency under a load that both sides can carry: half of what Envoy carries at most.
import type { BenchCase } from '../support/bench-case.ts';
import { expectAnswer } from '../support/ask.ts';
import { wrk } from '../support/load.ts';
import { BODY } from '../support/nginx-config.ts';
import { oneRoute, WARM_UP_SECONDS } from './http.ts';

const CONNECTIONS = 64;

export const latency: BenchCase = {
  name: 'latency',
  title: `p99 at half of Envoy's maximum rate, from the moment a request is due, ${CONNECTIONS} connections`,
  goal: { unit: 'µs', better: 'less', bar: 1.2, aim: 0.8 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    let rate = 0;
    const load = (port: number) => lab.generator.paced(port, rate, CONNECTIONS, lab.seconds);
    return {
      start: async (program) => [await lab.proxy(program, (port) => oneRoute(port, upstream.port))],
      check: ({ members }) => expectAnswer(members[0]!.port, `200 ${BODY}`),
      warmUp: ({ members }) => wrk(members[0]!.port, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS }),
      async calibrate(sides) {
        const envoy = sides.find(({ name }) => name === 'envoy')!.members[0]!;
        const { requests, seconds } = await wrk(envoy.port, { connections: CONNECTIONS, seconds: WARM_UP_SECONDS });
        rate = Math.round(requests / seconds / 2);
      },
      async window({ members }) {
        const { p50, p99, max } = await load(members[0]!.port);
        return { value: p99, notes: { 'requests/s': rate, 'µs p50': p50, 'µs at most': max } };
      },
      async floor() {
        return { value: (await load(upstream.port)).p99, what: 'p99 without a proxy, at the same rate' };
      },
    };
  },
};
