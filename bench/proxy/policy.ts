// What policies and mesh metrics add to a request's cost: the same proxy with and without them.
import type { JsonObject } from '@bufbuild/protobuf';
import type { BenchCase, Side, Trial } from '../support/bench-case.ts';
import { keySetOf, rsaKey, token } from '../../test/support/test-tokens.ts';
import type { Program } from '../support/program.ts';
import { expectAnswer } from '../support/ask.ts';
import { anyHost, bootstrap, httpListener } from '../support/bootstrap.ts';
import type { Lab } from '../support/lab.ts';
import { wrk } from '../support/load.ts';
import { BODY } from '../support/nginx-config.ts';
import { cpuPerRequest, WARM_UP_SECONDS } from './http.ts';

const RULES = 100;
const LAST = RULES - 1;
const PATH = `/api/${LAST}/items`;
const USER = { 'x-user': `user-${LAST}` };
const ISSUER = 'https://issuer.test';
const JWT = 'type.googleapis.com/envoy.extensions.filters.http.jwt_authn.v3.JwtAuthentication';
const RBAC = 'type.googleapis.com/envoy.extensions.filters.http.rbac.v3.RBAC';

export const policy: BenchCase = {
  name: 'policy',
  title: `added by a signed token (RS256, both proxies may keep what they verified), ${RULES} access rules (address, user, method and path), the last of which allows, and Istio's metrics (ours alone: Envoy has none); 64 connections`,
  goal: { unit: 'CPU µs/request', better: 'less', bar: 0.7, aim: 0.3 },
  async prepare(lab) {
    const signer = rsaKey('bench', 'RS256');
    const authorization = `Bearer ${token(signer, { iss: ISSUER, exp: 4_000_000_000 })}`;
    const keys = keySetOf(signer);
    return added(lab, {
      headers: { ...USER, authorization },
      filters: ({ name }) => [tokens(keys), accessRules(), ...(name === 'envoy' ? [] : [meshMetrics()])],
      async check(port) {
        await expectRuled(port, { authorization });
        await expectAnswer(port, '401 Jwt is missing', PATH, USER);
      },
    });
  },
};

export const rules: BenchCase = {
  name: 'rules',
  title: `added by ${RULES} access rules (address, user, method and path), the last of which allows; 64 connections`,
  goal: { unit: 'CPU µs/request', better: 'less', bar: 0.7, aim: 0.3 },
  prepare: (lab) =>
    added(lab, { headers: USER, filters: () => [accessRules()], check: (port) => expectRuled(port, {}) }),
};

interface Addition {
  /** Of each request. */
  readonly headers: Readonly<Record<string, string>>;
  readonly filters: (program: Program) => readonly JsonObject[];
  /** Rejects when the filters don't do what they are there for. */
  readonly check: (port: number) => Promise<void>;
}

/** What filters add: each side is the same program with and without them. */
async function added(lab: Lab, { headers, filters, check }: Addition): Promise<Trial> {
  const upstream = await lab.upstream();
  const config = (filters: readonly JsonObject[]) => (port: number) =>
    bootstrap(
      [httpListener({ port, virtualHosts: [anyHost('upstream')], filters })],
      [{ name: 'upstream', port: upstream.port }],
    );
  const fields = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  const load = (port: number, seconds: number) => wrk(port, { connections: 64, seconds, path: PATH, headers: fields });
  const cost = async (side: Side, member: number) =>
    (await cpuPerRequest({ ...side, members: [side.members[member]!] }, (port) => load(port, lab.seconds))).value;
  return {
    start: async (program) => [
      await lab.proxy(program, config(filters(program))),
      await lab.proxy(program, config([])),
    ],
    check: ({ members }) => check(members[0]!.port),
    async warmUp({ members }) {
      for (const member of members) await load(member.port, WARM_UP_SECONDS);
    },
    async window(side) {
      const [filtered, plain] = [await cost(side, 0), await cost(side, 1)];
      const value = filtered - plain;
      return { value, notes: { 'CPU µs/request without': plain, 'of that': value / plain } };
    },
  };
}

/** As a RequestAuthentication becomes. */
function tokens(keys: string): JsonObject {
  const provider = { issuer: ISSUER, local_jwks: { inline_string: keys }, jwt_cache_config: { jwt_cache_size: 100 } };
  const rule = { match: { prefix: '/' }, requires: { provider_name: 'bench' } };
  return {
    name: 'envoy.filters.http.jwt_authn',
    typed_config: { '@type': JWT, providers: { bench: provider }, rules: [rule] },
  };
}

/** As istiod sends it. */
function meshMetrics(): JsonObject {
  const typeUrl = 'type.googleapis.com/stats.PluginConfig';
  return {
    name: 'istio.stats',
    typed_config: { '@type': 'type.googleapis.com/udpa.type.v1.TypedStruct', type_url: typeUrl, value: {} },
  };
}

/** As AuthorizationPolicies become: who, from where, may do what. */
function accessRules(): JsonObject {
  const rules = Array.from({ length: RULES }, (_, index) => [`rule-${String(index).padStart(3, '0')}`, rule(index)]);
  return {
    name: 'envoy.filters.http.rbac',
    typed_config: { '@type': RBAC, rules: { action: 'ALLOW', policies: Object.fromEntries(rules) } },
  };
}

function rule(index: number): JsonObject {
  const method = { header: { name: ':method', string_match: { exact: 'GET' } } };
  const path = { url_path: { path: { prefix: `/api/${index}/` } } };
  const user = { header: { name: 'x-user', string_match: { exact: `user-${index}` } } };
  const source = { direct_remote_ip: { address_prefix: '127.0.0.0', prefix_len: 8 } };
  const anyOf = (rule: JsonObject) => ({ or_rules: { rules: [rule] } });
  return {
    permissions: [{ and_rules: { rules: [anyOf(method), anyOf(path)] } }],
    principals: [{ and_ids: { ids: [{ or_ids: { ids: [source] } }, { or_ids: { ids: [user] } }] } }],
  };
}

async function expectRuled(port: number, headers: Readonly<Record<string, string>>): Promise<void> {
  await expectAnswer(port, `200 ${BODY}`, PATH, { ...USER, ...headers });
  await expectAnswer(port, '403 RBAC: access denied', PATH, { 'x-user': 'user-0', ...headers });
  await expectAnswer(port, '403 RBAC: access denied', '/other', { ...USER, ...headers });
}
