// MixerInput → the filter by which our sidecars ask Mixer.
import { create, type JsonObject } from '@bufbuild/protobuf';
import { packAny } from '@meltemi/api';
import {
  type HttpFilter,
  HttpFilterSchema,
} from '@meltemi/api/envoy/extensions/filters/network/http_connection_manager/v3/http_connection_manager_pb';
import type { Attributes as AttributesMessage } from '@meltemi/api/istio/mixer/v1/attributes_pb';
import { attributesMessage, type AttributeValue } from '@meltemi/api/mixer';
import { MixerFilterSchema } from '@meltemi/api/meltemi/mixer/v1/mixer_filter_pb';
import { ipBytes } from '@meltemi/base';
import type { MixerAttribute, MixerInput, MixerPolicyInput } from '../input/mixer-filter-input.ts';

export function mixerFilter(input: MixerInput): HttpFilter {
  const { cluster, check, report, failClosed, policy } = input;
  const forwards = Object.keys(input.forwarded).length > 0;
  const config = create(MixerFilterSchema, {
    cluster,
    attributes: mixerAttributes(input.attributes),
    ...(forwards && { forwarded: mixerAttributes(input.forwarded) }),
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

/** Addresses that are none are left out. */
export function mixerAttributes(attributes: MixerInput['attributes']): AttributesMessage {
  const values = Object.entries(attributes).flatMap(([name, attribute]): readonly [string, AttributeValue][] => {
    const value = valueOf(attribute);
    return value === undefined ? [] : [[name, value]];
  });
  return attributesMessage(new Map(values));
}

function valueOf(attribute: MixerAttribute): AttributeValue | undefined {
  switch (attribute.kind) {
    case 'text':
      return attribute.text;
    case 'map':
      return new Map(Object.entries(attribute.entries));
    case 'address':
      return ipBytes(attribute.address);
  }
}
