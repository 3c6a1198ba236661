// Pilot: snapshot → scope → inputs → generate → encode → serve.
export { CommandLineError, type DiscoveryCommand, discoveryCommand, USAGE } from './command-line.ts';
export { debugApp } from './debug/debug-app.ts';
export { metricsApp } from './debug/metrics-app.ts';
export { DEFAULT_MESH, type MeshSettings } from './mesh.ts';
export { meshSettings } from './mesh-config.ts';
export { DiscoveryServer, type DiscoveryServerOptions } from './discovery-server.ts';
export { parseProxyNode, type ProxyNode } from './proxy-node.ts';
export { type ProxyStatus, type SyncState, syncState, type TypeStatus } from './proxy-status.ts';
export { type AdsCall, type AdsService, type Authenticate, type Caller } from './serve/ads-service.ts';
export { type Snapshot } from './snapshot.ts';
export { type Release } from './v1/release.ts';
export { v1App } from './v1/v1-app.ts';
export { type V1Mesh, v1Mesh } from './v1/v1-mesh.ts';
export { type V1Options } from './v1/v1-world.ts';
