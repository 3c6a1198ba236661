// Plain requests through one route to one upstream: HTTP/1.1 at full speed and at a fixed rate, HTTP/2, gRPC.
import type { BenchCase, Floor, Side, Trial, Window } from '../support/bench-case.ts';
import { expectAnswer, expectHttp2Answer } from '../support/ask.ts';
import { anyHost, bootstrap, httpListener } from '../support/bootstrap.ts';
import { GRPC_MESSAGE, type Lab } from '../support/lab.ts';
import { h2load, type H2loadOptions, type Load, wrk } from '../support/load.ts';
import { BODY, BODY_1K, haproxyConfig, nginxProxyConfig, type Upstream } from '../support/nginx-config.ts';
import { haproxy, nginx } from '../support/programs.ts';

export const WARM_UP_SECONDS = 3;
const UNIT = 'CPU µs/request';

export const http1Small: BenchCase = {
  name: 'http1-64b',
  title: 'HTTP/1.1, 64 connections, answers of 64 bytes',
  goal: { unit: UNIT, better: 'less', bar: 0.6, aim: 0.4 },
  prepare: (lab) => saturated(lab, '/', BODY, true),
};

export const http1Large: BenchCase = {
  name: 'http1-1kb',
  title: 'HTTP/1.1, 64 connections, answers of 1 KB',
  goal: { unit: UNIT, better: 'less', bar: 0.6, aim: 0.4 },
  prepare: (lab) => saturated(lab, '/1k', BODY_1K, false),
};

export const paced: BenchCase = {
  name: 'paced',
  title: 'HTTP/1.1, 1000 requests/s over 16 connections',
  goal: { unit: UNIT, better: 'less', bar: 0.7, aim: 0.5 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    const load = (port: number) => lab.generator.paced(port, 1000, 16, lab.seconds);
    return {
      start: async (program) => [await lab.proxy(program, (port) => oneRoute(port, upstream.port))],
      check: ({ members }) => expectAnswer(members[0]!.port, `200 ${BODY}`),
      warmUp: ({ members }) => wrk(members[0]!.port, { connections: 16, seconds: WARM_UP_SECONDS }),
      window: (side) => cpuPerRequest(side, load),
    };
  },
};

export const h2c: BenchCase = {
  name: 'h2c',
  title: 'HTTP/2 without TLS in, HTTP/1.1 out, 4 connections of 100 streams',
  goal: { unit: UNIT, better: 'less', bar: 0.5, aim: 0.35 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    return multiplexed(lab, upstream.port, false, {}, (port) => expectHttp2Answer(port, `200 ${BODY}`));
  },
};

export const grpc: BenchCase = {
  name: 'grpc',
  title: 'gRPC unary, HTTP/2 in and out, 4 connections of 100 streams',
  goal: { unit: UNIT, better: 'less', bar: 0.5, aim: 0.35 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    const body = await lab.file('message', GRPC_MESSAGE);
    const headers = ['content-type: application/grpc', 'te: trailers'];
    const call = {
      ':method': 'POST',
      ':path': '/bench.Echo/Unary',
      'content-type': 'application/grpc',
      te: 'trailers',
    };
    return multiplexed(lab, upstream.grpcPort, true, { headers, body, path: '/bench.Echo/Unary' }, (port) =>
      expectHttp2Answer(port, `200 ${GRPC_MESSAGE.toString()} 0`, call, GRPC_MESSAGE),
    );
  },
};

/** CPU of all members for a request that goes through the first. */
export async function cpuPerRequest(side: Side, load: (port: number) => Promise<Load>): Promise<Window> {
  const cpu = () => side.members.reduce((sum, member) => sum + member.cpu(), 0);
  const before = cpu();
  const { requests, seconds } = await load(side.members[0]!.port);
  return { value: (cpu() - before) / requests, notes: { 'requests/s': requests / seconds } };
}

/** Load and upstream share a CPU that is busy all the time: its seconds are what they cost. */
export async function loadAlone(load: Promise<Load>): Promise<Floor> {
  const { requests, seconds } = await load;
  return { value: (seconds * 1e6) / requests, what: 'load generator and upstream, without a proxy' };
}

export function oneRoute(port: number, upstream: number): string {
  const listener = httpListener({ port, virtualHosts: [anyHost('upstream')] });
  return bootstrap([listener], [{ name: 'upstream', port: upstream }]);
}

async function saturated(lab: Lab, path: string, body: string, withOthers: boolean): Promise<Trial> {
  const upstream = await lab.upstream();
  const load = (seconds: number) => (port: number) => wrk(port, { connections: 64, seconds, path });
  return {
    start: async (program) => [await lab.proxy(program, (port) => oneRoute(port, upstream.port))],
    check: ({ members }) => expectAnswer(members[0]!.port, `200 ${body}`, path),
    warmUp: ({ members }) => load(WARM_UP_SECONDS)(members[0]!.port),
    window: (side) => cpuPerRequest(side, load(lab.seconds)),
    floor: () => loadAlone(load(lab.seconds)(upstream.port)),
    ...(withOthers && { others: otherProxies(lab, upstream) }),
  };
}

function otherProxies(lab: Lab, { port: upstream }: Upstream): NonNullable<Trial['others']> {
  return [
    {
      program: nginx,
      start: async () => [await lab.proxy(nginx, (port) => nginxProxyConfig(port, upstream))],
    },
    {
      program: haproxy,
      start: async () => [await lab.proxy(haproxy, (port) => haproxyConfig(port, upstream))],
    },
  ];
}

function multiplexed(
  lab: Lab,
  upstream: number,
  http2: boolean,
  request: Partial<H2loadOptions>,
  check: (port: number) => Promise<void>,
): Trial {
  const load = (seconds: number) => (port: number) =>
    h2load(port, { connections: 4, streams: 100, seconds, ...request });
  const config = (port: number) =>
    bootstrap(
      [httpListener({ port, virtualHosts: [anyHost('upstream')] })],
      [{ name: 'upstream', port: upstream, http2 }],
    );
  return {
    start: async (program) => [await lab.proxy(program, config)],
    check: ({ members }) => check(members[0]!.port),
    warmUp: ({ members }) => load(WARM_UP_SECONDS)(members[0]!.port),
    window: (side) => cpuPerRequest(side, load(lab.seconds)),
    ...(http2 && { floor: () => loadAlone(load(lab.seconds)(upstream)) }),
  };
}
