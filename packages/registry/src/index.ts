// Platforms to one view: which services there are, and where they are served.
export { ofFamilies } from './allocated-addresses.ts';
export { type Endpoint, type Health } from './endpoint.ts';
export { entryPlatform } from './entry-platform.ts';
export { containerPortOf, filePlatform, type FilePlatformInput } from './file-platform.ts';
export {
  formatPlacement,
  type GatewayPlacement,
  type InboundPlacement,
  type OutboundPlacement,
  parsePlacement,
  type Placement,
  PLACEMENT_ANNOTATION,
  type PlacementResult,
} from './placement.ts';
export { portProtocol } from './port-protocol.ts';
export { readRegistry, type RegistrySources, RegistryStore, type WatchedStore } from './registry-store.ts';
export { isHttp, type Protocol, type Resolution, type Service, type ServicePort } from './service.ts';
export { mergeRegistry } from './registry-merger.ts';
export type { PlatformView, RegistryChange, RegistryView, ServedPort, ServiceEndpoints } from './view.ts';
export { type ContainerPort, type Workload } from './workload.ts';
