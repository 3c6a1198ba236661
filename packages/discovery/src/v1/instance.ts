// One endpoint of one port of a service.
import type { Endpoint, Service, ServicePort } from '@meltemi/registry';

export interface Instance {
  readonly service: Service;
  readonly port: ServicePort;
  readonly endpoint: Endpoint;
}
