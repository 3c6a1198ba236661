// A pattern of a MeshConfig → the name under which a cluster's statistics are counted.
// https://istio.io/latest/docs/reference/config/istio.mesh.v1alpha1/ outboundClusterStatName, inboundClusterStatName
import type { Service, ServicePort } from '@meltemi/registry';

export interface CountedPort {
  readonly service: Pick<Service, 'host' | 'name' | 'namespace' | 'entry'>;
  readonly port: Pick<ServicePort, 'number' | 'name'>;
  /** Empty: the whole. */
  readonly subset: string;
  /** Of the application; 0: of an outbound cluster. */
  readonly targetPort: number;
}

/** Empty where there is no pattern. Ends as Envoy tells names from what is counted. */
export function statName(pattern: string, { service, port, subset, targetPort }: CountedPort): string {
  if (pattern === '') return '';
  const words: Readonly<Record<string, string>> = {
    SERVICE: service.entry ? service.host : `${service.name}.${service.namespace}`,
    SERVICE_NAME: service.entry ? service.host : service.name,
    SERVICE_FQDN: service.host,
    SUBSET_NAME: subset,
    TARGET_PORT: String(targetPort),
    SERVICE_PORT: String(port.number),
    SERVICE_PORT_NAME: port.name,
  };
  return `${pattern.replaceAll(/%([A-Z_]+)%/g, (written, word: string) => words[word] ?? written)};`;
}
