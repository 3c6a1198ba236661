// Pilot: snapshot → scope → inputs → generate → encode → serve.
export { debugApp } from './debug/debug-app.ts';
export { metricsApp } from './debug/metrics-app.ts';
export { DEFAULT_MESH, type MeshSettings } from './mesh.ts';
export { type Caller, type Authenticate } from './serve/ads-service.ts';
export { DiscoveryServer, type DiscoveryServerOptions } from './discovery-server.ts';
export { parseProxyNode, type ProxyNode } from './proxy-node.ts';
export { type Snapshot } from './snapshot.ts';
