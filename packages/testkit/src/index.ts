// Real components and helpers for tests.
export { benchComponents, type Component, components, setUpComponent } from './component.ts';
export { fixtureFolder } from './fixtures.ts';
export { GRPC_CASES } from './grpc-cases.ts';
