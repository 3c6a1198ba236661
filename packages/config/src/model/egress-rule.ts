// EgressRule of config.istio.io/v1alpha2: services outside of the mesh, as Istio 0.2 named them.
import { flag, list, message, oneOfTexts, portNumber } from '../schema.ts';
import { nonEmpty } from '../text-check.ts';
import { ignoredFields } from './ignored-fields.ts';
import type { IstioService } from './route-rule.ts';

/** An external service by host name, wildcard or address range. */
export interface EgressRule {
  readonly destination: IstioService;
  readonly ports: readonly { readonly port: number; readonly protocol: string }[];
  readonly useEgressProxy?: boolean;
}

const PROTOCOLS = ['http', 'https', 'http2', 'grpc', 'tcp', 'mongo'];

export const egressRuleSchema = message(
  {
    destination: message({ service: nonEmpty }, { required: ['service'] }),
    ports: list(
      message(
        {
          port: portNumber,
          protocol: oneOfTexts(...PROTOCOLS, ...PROTOCOLS.map((name) => name.toUpperCase())),
        },
        { required: ['port', 'protocol'] },
      ),
      1,
    ),
    useEgressProxy: flag,
  },
  { required: ['destination', 'ports'], check: (rule) => ignoredFields(rule, ['useEgressProxy']) },
);
