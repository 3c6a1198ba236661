// Says where a part of a resource was written: the object as Istio writes it, and the file with its line.
import type { LocatedResource } from '@meltemi/config';

/** Where a resource was written, for its metadata. */
export interface Provenance {
  /** `/apis/networking.istio.io/v1/namespaces/NS/virtual-service/NAME` */
  readonly config: string;
  /** `file:line` */
  readonly source: string;
}

/** The origin of a resource, or of the field at `path` in it. */
export function provenance(resource: LocatedResource, path?: string): Provenance {
  const { apiVersion, resource: name, source } = resource.origin(path);
  const kind = name.kind.replaceAll(/(?<=[a-z])(?=[A-Z])/g, '-').toLowerCase();
  return {
    config: `/apis/${apiVersion}/namespaces/${name.namespace}/${kind}/${name.name}`,
    source: `${source.file}:${source.line}`,
  };
}
