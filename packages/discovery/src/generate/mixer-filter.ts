// MixerInput → the filter by which our sidecars ask Mixer.
import { create, type JsonObject, type MessageInitShape } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Attributes_AttributeValueSchema as ValueSchema } from '@meltemi/api/istio/mixer/v1/attributes_pb';
import { MixerFilterSchema } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import { ipBytes } from '@meltemi/base';
import type { MixerAttribute, MixerInput, MixerPolicyInput } from '../input/mixer-filter-input.ts';

export function mixerFilter(input: MixerInput): HttpFilter {
  const { cluster, check, report, failClosed, policy } = input;
  const forwards = Object.keys(input.forwarded).length > 0;
  const config = create(MixerFilterSchema, {
    cluster,
    attributes: { attributes: valuesOf(input.attributes) },
    ...(forwards && { forwarded: { attributes: valuesOf(input.forwarded) } }),
    check,
    report,
    quotas: Object.fromEntries(Object.entries(input.quotas).map(([name, amount]) => [name, BigInt(amount)])),
    failClosed,
    rulesVersion: input.rulesVersion,
    ...(policy && { policy: policyOf(policy) }),
  });
  const value = packAny(MixerFilterSchema, config);
  return create(HttpFilterSchema, { name: 'mixer', configType: { case: 'typedConfig', value } });
}

function policyOf({ configNamespace, manifest, resources }: MixerPolicyInput) {
  return {
    configNamespace,
    manifest: { ...manifest },
    resources: resources.map(({ kind, namespace, name, spec }) => ({
      kind,
      namespace,
      name,
      spec: spec as JsonObject,
    })),
  };
}

type ValueInit = MessageInitShape<typeof ValueSchema>;

function valuesOf(attributes: MixerInput['attributes']): Record<string, ValueInit> {
  return Object.fromEntries(
    Object.entries(attributes).flatMap(([name, attribute]) => {
      const value = valueOf(attribute);
      return value ? [[name, { value }]] : [];
    }),
  );
}

/** Undefined: what is no address. */
function valueOf(attribute: MixerAttribute): ValueInit['value'] | undefined {
  switch (attribute.kind) {
    case 'text':
      return { case: 'stringValue', value: attribute.text };
    case 'map':
      return { case: 'stringMapValue', value: { entries: { ...attribute.entries } } };
    case 'address': {
      const bytes = ipBytes(attribute.address);
      return bytes && { case: 'bytesValue', value: bytes };
    }
  }
}
