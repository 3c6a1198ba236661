// EndpointSlice of discovery.k8s.io: some of the addresses of one service, as Kubernetes found them.
// https://kubernetes.io/docs/reference/kubernetes-api/service-resources/endpoint-slice-v1/
import { flag, integer, list, message, text, texts } from '../schema.ts';

export interface SliceEndpoint {
  readonly addresses: readonly string[];
  /** Absent conditions hold. */
  readonly conditions?: { readonly ready?: boolean };
  readonly targetRef?: { readonly kind?: string; readonly name?: string; readonly namespace?: string };
}

/** What an EndpointSlice says beside its metadata. */
export interface SliceFields {
  /** IPv4, IPv6, or FQDN. */
  readonly addressType?: string;
  readonly endpoints: readonly SliceEndpoint[];
  readonly ports: readonly { readonly name?: string; readonly port?: number; readonly protocol?: string }[];
}

const open = { open: true } as const;

export const endpointSliceFields = {
  addressType: text(),
  endpoints: list(
    message(
      {
        addresses: texts,
        conditions: message({ ready: flag }, open),
        targetRef: message({ kind: text(), name: text(), namespace: text() }, open),
      },
      { required: ['addresses'], ...open },
    ),
  ),
  ports: list(message({ name: text(), port: integer(1, 65_535), protocol: text() }, open)),
};
