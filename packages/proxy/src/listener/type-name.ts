// Names the message that an Any holds.
import type { Any } from '@bufbuild/protobuf/wkt';

/** `envoy.x.v3.Y`; empty for nothing. */
export function typeNameOf(any: Any | undefined): string {
  return any ? any.typeUrl.slice(any.typeUrl.lastIndexOf('/') + 1) : '';
}
