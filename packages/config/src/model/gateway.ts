// Gateway: the ports that a proxy at the edge opens. https://istio.io/latest/docs/reference/config/networking/gateway/
import type { Labels } from '@meltemi/base';

import { flag, labelMap, list, message, oneOfTexts, portNumber, text, texts } from '../schema.ts';
import { gatewayHost, nonEmpty } from '../text-check.ts';

export interface Gateway {
  readonly servers: readonly GatewayServer[];
  readonly selector?: Labels;
}

export interface GatewayServer {
  readonly port: NamedPort;
  /** Hosts, each after an optional `namespace/`. */
  readonly hosts: readonly string[];
  readonly bind?: string;
  readonly name?: string;
  readonly tls?: ServerTls;
  readonly defaultEndpoint?: string;
}

/** `protocol` in any case: HTTP, HTTPS, GRPC, HTTP2, MONGO, TCP, TLS … */
export interface NamedPort {
  readonly number: number;
  readonly protocol?: string;
  readonly name?: string;
  readonly targetPort?: number;
}

export interface ServerTls {
  readonly httpsRedirect?: boolean;
  readonly mode?: 'PASSTHROUGH' | 'SIMPLE' | 'MUTUAL' | 'AUTO_PASSTHROUGH' | 'ISTIO_MUTUAL' | 'OPTIONAL_MUTUAL';
  readonly serverCertificate?: string;
  readonly privateKey?: string;
  readonly caCertificates?: string;
  readonly caCrl?: string;
  readonly credentialName?: string;
  readonly credentialNames?: readonly string[];
  /** Where the roots of clients are, if not beside the first key pair. */
  readonly caCertCredentialName?: string;
  /** Several key pairs in files, of several kinds of keys. */
  readonly tlsCertificates?: readonly { readonly serverCertificate?: string; readonly privateKey?: string }[];
  /** Who signed a client's certificate is not looked at. */
  readonly insecureSkipVerify?: boolean;
  readonly subjectAltNames?: readonly string[];
  readonly verifyCertificateSpki?: readonly string[];
  readonly verifyCertificateHash?: readonly string[];
  readonly minProtocolVersion?: string;
  readonly maxProtocolVersion?: string;
  readonly cipherSuites?: readonly string[];
}

const tlsVersion = oneOfTexts('TLS_AUTO', 'TLSV1_0', 'TLSV1_1', 'TLSV1_2', 'TLSV1_3');

const tls = message({
  httpsRedirect: flag,
  mode: oneOfTexts('PASSTHROUGH', 'SIMPLE', 'MUTUAL', 'AUTO_PASSTHROUGH', 'ISTIO_MUTUAL', 'OPTIONAL_MUTUAL'),
  serverCertificate: text(),
  privateKey: text(),
  caCertificates: text(),
  caCrl: text(),
  credentialName: text(),
  credentialNames: texts,
  caCertCredentialName: text(),
  tlsCertificates: list(message({ serverCertificate: text(), privateKey: text(), caCertificates: text() })),
  insecureSkipVerify: flag,
  subjectAltNames: texts,
  verifyCertificateSpki: texts,
  verifyCertificateHash: texts,
  minProtocolVersion: tlsVersion,
  maxProtocolVersion: tlsVersion,
  cipherSuites: texts,
});

export const namedPort = message(
  { number: portNumber, protocol: nonEmpty, name: nonEmpty, targetPort: portNumber },
  { required: ['number', 'name'] },
);

const server = message(
  {
    port: message(namedPort.fields, { required: ['number', 'protocol', 'name'] }),
    hosts: list(gatewayHost, 1),
    bind: text(),
    name: text(),
    tls,
    defaultEndpoint: text(),
  },
  { required: ['port', 'hosts'] },
);

export const gatewaySchema = message({ servers: list(server, 1), selector: labelMap }, { required: ['servers'] });
