// Writes provenance as metadata: `istio.config` as Istio does, and `meltemi.source` with file and line.
import { create, type JsonObject } from '@bufbuild/protobuf';
import { type Metadata, MetadataSchema } from '@meltemi/api/envoy/config/core/v3/base_pb';
import type { Provenance } from '../input/provenance.ts';

/** `istio` adds to what Istio's filters and tools read. Undefined where there is nothing to say. */
export function metadata(provenance: Provenance | undefined, istio: JsonObject = {}): Metadata | undefined {
  if (!provenance && Object.keys(istio).length === 0) return undefined;
  return create(MetadataSchema, {
    filterMetadata: {
      istio: { ...(provenance && { config: provenance.config }), ...istio },
      ...(provenance && { meltemi: { source: provenance.source } }),
    },
  });
}
