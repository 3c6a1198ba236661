// Gateways that show one certificate at two places, and those whose secret is not there or no certificate.
import { X509Certificate } from 'node:crypto';

import type { Problem } from '@meltemi/base';

import type { LocatedResource } from '../located-resource.ts';
import type { Gateway, ServerTls } from '../model/gateway.ts';
import { CODE } from '../problem-code.ts';
import type { Secret } from '../view.ts';
import { picked } from '../workload.ts';
import type { Subject } from './analyzer.ts';
import { findingAt, type Found, fullName } from './finding.ts';

type Located = LocatedResource<Gateway>;

/** Clients that keep a connection of HTTP/2 send to the wrong one of two gateways with one certificate. */
export function analyzeRepeatedCertificates({ view }: Subject): Problem[] {
  const gateways = view.objects('Gateway');
  return gateways.flatMap((resource) =>
    gateways
      .filter((other) => other !== resource && isWithin(resource, other))
      .flatMap((other) => {
        const index = resource.spec.servers.findIndex(({ tls }) =>
          other.spec.servers.some((server) => isSameCertificate(tls, server.tls)),
        );
        if (index < 0) return [];
        const message = `${fullName(other)} shows the same certificate: clients that reuse connections may get 404`;
        return [findingAt(resource, `spec.servers[${index}].tls`, { code: CODE.repeatedCertificate, message })];
      }),
  );
}

/** Whether the workloads of the other gateway are among those of this one, as their selectors tell. */
function isWithin({ spec }: Located, other: Located): boolean {
  return Object.entries(spec.selector ?? {}).every(([key, value]) => other.spec.selector?.[key] === value);
}

function isSameCertificate(one: ServerTls | undefined, other: ServerTls | undefined): boolean {
  if (!one || !other) return false;
  if (one.credentialName || other.credentialName) return one.credentialName === other.credentialName;
  const files = ['serverCertificate', 'privateKey'] as const;
  return files.every((field) => one[field] && one[field] === other[field]);
}

export function analyzeGatewayCredentials({ view, world, now }: Subject): Problem[] {
  const secrets = new Map(view.objects('Secret').map((secret) => [fullName(secret), secret]));
  return view.objects('Gateway').flatMap((resource) => {
    const [workload] = picked(world.workloads, resource.spec.selector ?? {}, undefined);
    if (!workload) return [];
    return resource.spec.servers.flatMap(({ tls }, index) => {
      if (!tls?.credentialName) return [];
      const secret = secrets.get(`${workload.namespace}/${tls.credentialName}`);
      const found = judge(tls.credentialName, workload.namespace, secret, now);
      return found ? [findingAt(resource, `spec.servers[${index}].tls.credentialName`, found)] : [];
    });
  });
}

function judge(name: string, namespace: string, secret: Secret | undefined, now: number): Found | undefined {
  if (!secret) {
    const message = `there is no secret "${name}" in ${namespace}, where the gateway is served`;
    return { code: CODE.referenceNotFound, message };
  }
  const fault = faultOf(secret, now);
  if (fault === undefined) return undefined;
  return { code: CODE.invalidCredential, message: `the secret ${namespace}/${name} ${fault}` };
}

/** Names of entries as Kubernetes and as Istio write them. */
const ENTRIES = [
  ['cert', 'key'],
  ['tls.crt', 'tls.key'],
] as const;

function faultOf(secret: Secret, now: number): string | undefined {
  const pair = ENTRIES.find(([cert, key]) => entry(secret, cert) && entry(secret, key));
  if (!pair) return 'has no certificate with its key';
  try {
    const { validFromDate, validToDate } = new X509Certificate(entry(secret, pair[0])!);
    const isValid = validFromDate.getTime() <= now && now <= validToDate.getTime();
    return isValid ? undefined : 'has expired, or is not valid yet';
  } catch {
    return 'holds no certificate that can be read';
  }
}

function entry({ data, stringData }: Secret, name: string): Buffer | undefined {
  const written = stringData[name];
  if (written !== undefined) return Buffer.from(written);
  return data[name] === undefined ? undefined : Buffer.from(data[name], 'base64');
}
