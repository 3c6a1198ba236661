// Reads the label by which a service leaves the ports of gateways behind it as their Gateway names them.
import type { Resource } from '@meltemi/api';
import type { Service } from './service.ts';

const LABEL = 'experimental.istio.io/disable-gateway-port-translation';

export function portsAsWritten({ metadata }: Resource): Pick<Service, 'gatewayPortsAsWritten'> {
  return metadata.labels[LABEL] === undefined ? {} : { gatewayPortsAsWritten: true };
}
