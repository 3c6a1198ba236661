// How many services a mesh has → the files that say it: for each service a ServiceEntry, a VirtualService and a DestinationRule.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface MeshSize {
  readonly services: number;
  /** Of each service. */
  readonly endpoints: number;
  readonly namespaces: number;
}

/** Of the endpoint that changes: addresses of this block carry the number of the change. */
const CHANGING_BLOCK = 128;

/** Writes whole files, so that nobody reads one by half. Numbers of changes count from 1. */
export class XdsFiles {
  readonly #directory: string;
  readonly #size: MeshSize;

  constructor(directory: string, size: MeshSize) {
    mkdirSync(directory, { recursive: true });
    this.#directory = directory;
    this.#size = size;
  }

  writeAll(): void {
    for (let index = 0; index < this.#size.services; index++) {
      this.#write(`se-${index}`, serviceEntry(index, this.#size, 0));
      this.#write(`vs-${index}`, virtualService(index, this.#size, 0));
      this.#write(`dr-${index}`, destinationRule(index, this.#size));
    }
  }

  /** Moves one endpoint of the service that is this change's turn. */
  changeEndpoint(change: number): void {
    const index = change % this.#size.services;
    this.#write(`se-${index}`, serviceEntry(index, this.#size, change));
  }

  /** Changes the weights of the first service's rule; its route's name tells the change. */
  changeWeight(change: number): void {
    this.#write('vs-0', virtualService(0, this.#size, change));
  }

  #write(name: string, text: string): void {
    const temporary = join(this.#directory, `.${name}.tmp`);
    writeFileSync(temporary, text);
    renameSync(temporary, join(this.#directory, `${name}.yaml`));
  }
}

export function namespaceOf(index: number, { namespaces }: MeshSize): string {
  return `ns-${index % namespaces}`;
}

/** Of an endpoint of a service. */
export function addressOf(index: number, endpoint: number, { endpoints }: MeshSize): string {
  const number = index * endpoints + endpoint;
  return `10.${(number >> 16) & 127}.${(number >> 8) & 255}.${number & 255}`;
}

/** The number of the change that an address tells, or undefined. */
export function changeOf(address: string): number | undefined {
  const [, a, b, c] = address.split('.').map(Number) as [number, number, number, number];
  return a >= CHANGING_BLOCK ? ((a - CHANGING_BLOCK) << 16) | (b << 8) | c : undefined;
}

function changedAddress(change: number): string {
  return `10.${CHANGING_BLOCK + (change >> 16)}.${(change >> 8) & 255}.${change & 255}`;
}

function host(index: number, size: MeshSize): string {
  return `svc-${index}.${namespaceOf(index, size)}.svc.cluster.local`;
}

function serviceEntry(index: number, size: MeshSize, change: number): string {
  const endpoints = Array.from({ length: size.endpoints }, (_, endpoint) => {
    const address =
      change > 0 && endpoint === size.endpoints - 1 ? changedAddress(change) : addressOf(index, endpoint, size);
    return `  - address: ${address}
    labels: {app: svc-${index}, version: v${(endpoint % 2) + 1}}
    serviceAccount: svc-${index}`;
  });
  return `apiVersion: networking.istio.io/v1
kind: ServiceEntry
metadata:
  name: svc-${index}
  namespace: ${namespaceOf(index, size)}
spec:
  hosts: [${host(index, size)}]
  location: MESH_INTERNAL
  resolution: STATIC
  ports:
  - {number: 80, name: http, protocol: HTTP}
  endpoints:
${endpoints.join('\n')}
`;
}

function virtualService(index: number, size: MeshSize, change: number): string {
  const weight = 10 + (change % 80);
  return `apiVersion: networking.istio.io/v1
kind: VirtualService
metadata:
  name: svc-${index}
  namespace: ${namespaceOf(index, size)}
spec:
  hosts: [${host(index, size)}]
  http:
  - name: change-${change}
    timeout: 5s
    retries: {attempts: 3, perTryTimeout: 2s}
    route:
    - {destination: {host: ${host(index, size)}, subset: v1}, weight: ${weight}}
    - {destination: {host: ${host(index, size)}, subset: v2}, weight: ${100 - weight}}
`;
}

function destinationRule(index: number, size: MeshSize): string {
  return `apiVersion: networking.istio.io/v1
kind: DestinationRule
metadata:
  name: svc-${index}
  namespace: ${namespaceOf(index, size)}
spec:
  host: ${host(index, size)}
  trafficPolicy:
    connectionPool: {http: {http2MaxRequests: 1000}}
  subsets:
  - {name: v1, labels: {version: v1}}
  - {name: v2, labels: {version: v2}}
`;
}
