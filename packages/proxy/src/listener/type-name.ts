// Names the message that an Any holds.
import type { Any } from '@bufbuild/protobuf/wkt';

/** `envoy.x.v3.Y`; empty for nothing. */
export function typeNameOf(any: Any | undefined): string {
  return any ? typeNameIn(any.typeUrl) : '';
}

/** Of a URL, or of a name alone. */
export function typeNameIn(url: string): string {
  return url.slice(url.lastIndexOf('/') + 1);
}
