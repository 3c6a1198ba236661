// The web console: metrics, taps and problems of a mesh → views → pages.
export type { MeshMembers, MeshSource, MeshWorkload } from './mesh-source.ts';
export { type ConsoleOptions, serveConsole } from './serve/serve-console.ts';
