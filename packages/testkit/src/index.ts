// Real components and helpers for tests.
export { ANALYSIS_CASES, analyzedWorld, caseWorld, namespaceOf } from './analysis/analysis-cases.ts';
export type { AnalysisCase } from './analysis/analyzed-objects.ts';
export { type Component, setUpComponent } from './component.ts';
export { benchComponents, components } from './components.ts';
export { fixtureFolder } from './fixtures.ts';
export { BOOTSTRAP_TEMPLATE } from './go-tools.ts';
export { GRPC_CASES } from './grpc-cases.ts';
export { Istiod, ISTIOD_HOST, type IstiodOptions } from './istio/istiod.ts';
export { type PilotAgentOptions, type RunningAgent, SIDECAR_UID, startPilotAgent } from './istio/pilot-agent.ts';
export { redirectPod } from './istio/redirect-pod.ts';
export { type KubeApiserver, type KubernetesPrograms, startKubeApiserver } from './kubernetes/kube-apiserver.ts';
export { KubeClient, type KubeObject } from './kubernetes/kube-client.ts';
export {
  endpointSlice,
  namespace,
  pod,
  type PodFacts,
  runningStatus,
  service,
  serviceAccount,
  type ServiceFacts,
  type ServicePort,
} from './kubernetes/kube-objects.ts';
export { type RunningRedis, startRedis } from './redis.ts';
export { type ReachedPort, reachPort } from './sandbox/reach-port.ts';
export { type PrometheusOptions, type RunningPrometheus, startPrometheus } from './prometheus.ts';
export { reasonAgainstSandbox, Sandbox, SANDBOX_ADDRESS } from './sandbox/sandbox.ts';
export { type ProgramEnd, SandboxProcess, type SandboxProgram } from './sandbox/sandbox-process.ts';
export type { HttpAnswer } from './sandbox/sandbox-request.ts';
export { type RunningZipkin, startZipkin } from './zipkin.ts';
export { YamlFolder } from './yaml-folder.ts';
