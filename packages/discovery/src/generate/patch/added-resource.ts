// A whole resource as a patch brings it → the message, with where it was written.
import { create, type DescMessage, fromJson, type MessageShape } from '@bufbuild/protobuf';
import { extensionRegistry } from '@meltemi/api';
import { type Cluster, ClusterSchema } from '@meltemi/api/envoy/config/cluster/v3/cluster_pb';
import { type Metadata, MetadataSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import { type TypedExtensionConfig, TypedExtensionConfigSchema } from '@meltemi/api/envoy/config/core/v3/extension_pb';
import { type Listener, ListenerSchema } from '@meltemi/api/envoy/config/listener/v3/listener_pb';
import type { AddedInput } from '../../input/envoy-filter/patch-input.ts';
import { metadata } from '../metadata.ts';

export function generateAddedCluster(input: AddedInput): Cluster {
  const cluster = read(ClusterSchema, input);
  return { ...cluster, metadata: withOrigin(cluster.metadata, input) };
}

export function generateAddedListener(input: AddedInput): Listener {
  const listener = read(ListenerSchema, input);
  return { ...listener, metadata: withOrigin(listener.metadata, input) };
}

export function generateAddedExtension(input: AddedInput): TypedExtensionConfig {
  return read(TypedExtensionConfigSchema, input);
}

function read<Desc extends DescMessage>(schema: Desc, { value }: AddedInput): MessageShape<Desc> {
  return fromJson(schema, value, { registry: extensionRegistry() });
}

function withOrigin(written: Metadata | undefined, { provenance }: AddedInput): Metadata {
  const origin = metadata(provenance)?.filterMetadata;
  const said = written ?? create(MetadataSchema);
  return { ...said, filterMetadata: { ...origin, ...said.filterMetadata } };
}
