// Large configurations: a thousand virtual hosts of ten routes each, and a thousand clusters.
import type { JsonObject } from '@bufbuild/protobuf';
import type { BenchCase } from '../support/bench-case.ts';
import { expectAnswer } from '../support/ask.ts';
import { bootstrap, httpListener } from '../support/bootstrap.ts';
import type { Lab } from '../support/lab.ts';
import { wrk } from '../support/load.ts';
import { BODY } from '../support/nginx-config.ts';
import { cpuPerRequest, WARM_UP_SECONDS } from './http.ts';

const HOSTS = 1000;
const ROUTES = 10;

export const manyRoutes: BenchCase = {
  name: 'routes',
  title: `HTTP/1.1, 64 connections, ${HOSTS} virtual hosts of ${ROUTES} routes, all of them asked for`,
  goal: { unit: 'CPU µs/request', better: 'less', bar: 0.6, aim: 0.4 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    const script = await requestScript(lab);
    const virtualHosts = hosts((_, prefix) => ({ match: { prefix }, route: { cluster: 'upstream' } }));
    const config = (port: number) =>
      bootstrap([httpListener({ port, virtualHosts })], [{ name: 'upstream', port: upstream.port }]);
    const load = (port: number, seconds: number) => wrk(port, { connections: 64, seconds, script });
    return {
      start: async (program) => [await lab.proxy(program, config)],
      check: ({ members }) => expectRouted(members[0]!.port),
      warmUp: ({ members }) => load(members[0]!.port, WARM_UP_SECONDS),
      window: (side) => cpuPerRequest(side, (port) => load(port, lab.seconds)),
    };
  },
};

export const manyClusters: BenchCase = {
  name: 'memory',
  title: `resident memory after load, ${HOSTS} clusters with a virtual host of ${ROUTES} routes each, all of them asked`,
  goal: { unit: 'MiB', better: 'less', bar: 1.2, aim: 0.8 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    const script = await requestScript(lab);
    const virtualHosts = hosts((host, prefix) => ({ match: { prefix }, route: { cluster: `cluster-${host}` } }));
    const clusters = Array.from({ length: HOSTS }, (_, host) => ({ name: `cluster-${host}`, port: upstream.port }));
    const config = (port: number) => bootstrap([httpListener({ port, virtualHosts })], clusters);
    const load = (port: number, seconds: number) => wrk(port, { connections: 64, seconds, script });
    return {
      start: async (program) => [await lab.proxy(program, config)],
      check: ({ members }) => expectRouted(members[0]!.port),
      warmUp: ({ members }) => load(members[0]!.port, WARM_UP_SECONDS),
      async window(side) {
        const { value, notes } = await cpuPerRequest(side, (port) => load(port, lab.seconds));
        return { value: side.members[0]!.memory(), notes: { 'CPU µs/request': value, ...notes } };
      },
    };
  },
};

function hosts(route: (host: number, prefix: string) => JsonObject): readonly JsonObject[] {
  return Array.from({ length: HOSTS }, (_, host) => ({
    name: `host-${host}`,
    domains: [`host-${host}.default.svc.cluster.local`, `host-${host}`],
    routes: Array.from({ length: ROUTES }, (_, number) => route(host, `/api/${number}/`)),
  }));
}

/** Each request to the next host, on the next of its routes. */
async function requestScript(lab: Lab): Promise<string> {
  return lab.file(
    'requests.lua',
    `local requests, sent = {}, 0
function init()
  for host = 0, ${HOSTS - 1} do
    local headers = { Host = "host-" .. host .. ".default.svc.cluster.local" }
    requests[host + 1] = wrk.format("GET", "/api/" .. (host % ${ROUTES}) .. "/items", headers)
  end
end
function request()
  sent = sent % ${HOSTS} + 1
  return requests[sent]
end
`,
  );
}

/** Known hosts and paths lead on, and nothing else. */
async function expectRouted(port: number): Promise<void> {
  await expectAnswer(port, `200 ${BODY}`, '/api/9/items', { host: `host-${HOSTS - 1}` });
  await expectAnswer(port, '404 ', '/api/10/items', { host: 'host-0' });
  await expectAnswer(port, '404 ', '/api/0/items', { host: `host-${HOSTS}` });
}
