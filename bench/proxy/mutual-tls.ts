// Mutual TLS: requests through two sidecars with TLS between them, and new connections to one.
import type { BenchCase } from '../support/bench-case.ts';
import { expectAnswer } from '../support/ask.ts';
import { anyHost, bootstrap, httpListener } from '../support/bootstrap.ts';
import { createAuthority } from '../support/certificates.ts';
import { wrk } from '../support/load.ts';
import { BODY } from '../support/nginx-config.ts';
import { cpuPerRequest, WARM_UP_SECONDS } from './http.ts';

const CLIENT = 'spiffe://bench.local/ns/bench/sa/client';
const SERVER = 'spiffe://bench.local/ns/bench/sa/server';

export const twoHops: BenchCase = {
  name: 'mtls',
  title: 'HTTP/1.1 through two sidecars with mutual TLS between, both added, 64 connections',
  goal: { unit: 'CPU µs/request', better: 'less', bar: 0.6, aim: 0.35 },
  async prepare(lab) {
    const upstream = await lab.upstream();
    const authority = createAuthority(lab.directory);
    const { root } = authority;
    const [client, server] = [authority.issue('client', CLIENT), authority.issue('server', SERVER)];
    const virtualHosts = [anyHost('upstream')];
    const inbound = (port: number) =>
      bootstrap(
        [httpListener({ port, virtualHosts, inspectsTls: true, tls: { own: server, root, peer: CLIENT } })],
        [{ name: 'upstream', port: upstream.port }],
      );
    const outbound = (port: number, next: number) =>
      bootstrap(
        [httpListener({ port, virtualHosts })],
        [{ name: 'upstream', port: next, tls: { own: client, root, peer: SERVER } }],
      );
    const load = (port: number, seconds: number) => wrk(port, { connections: 64, seconds });
    return {
      async start(program) {
        const second = await lab.proxy(program, inbound);
        return [await lab.proxy(program, (port) => outbound(port, second.port)), second];
      },
      check: ({ members }) => expectAnswer(members[0]!.port, `200 ${BODY}`),
      warmUp: ({ members }) => load(members[0]!.port, WARM_UP_SECONDS),
      window: (side) => cpuPerRequest(side, (port) => load(port, lab.seconds)),
    };
  },
};

export const handshakes: BenchCase = {
  name: 'handshakes',
  title: 'new mutual-TLS connections with one request each, answered by the sidecar itself',
  goal: { unit: 'connections/s', better: 'more', bar: 0.7, aim: 0.95 },
  async prepare(lab) {
    const authority = createAuthority(lab.directory);
    const { root } = authority;
    const [client, server] = [authority.issue('client', CLIENT), authority.issue('server', SERVER)];
    const virtualHosts = [
      {
        name: 'all',
        domains: ['*'],
        routes: [{ match: { prefix: '/' }, direct_response: { status: 200, body: { inline_string: 'ok' } } }],
      },
    ];
    const config = (port: number) =>
      bootstrap([httpListener({ port, virtualHosts, tls: { own: server, root, peer: CLIENT } })], []);
    const load = (port: number, seconds: number) =>
      lab.generator.handshakes(port, client.certificateFile, client.keyFile, seconds);
    return {
      start: async (program) => [await lab.proxy(program, config)],
      // The load fails unless every connection is answered.
      check: async ({ members }) => void (await load(members[0]!.port, 0.2)),
      warmUp: ({ members }) => load(members[0]!.port, WARM_UP_SECONDS),
      async window(side) {
        const { value, notes } = await cpuPerRequest(side, (port) => load(port, lab.seconds));
        return { value: notes!['requests/s']!, notes: { 'CPU µs/connection': value } };
      },
    };
  },
};
