// Injection of sidecars into pods, and the redirection of a pod's traffic to its sidecar.
export { applyPlan, type ProgramResult, RedirectError, removePlan, type RunProgram } from './iptables/apply-plan.ts';
export { FlagError } from './iptables/flag-values.ts';
export { REDIRECT_USAGE, type RedirectCommand, redirectCommand, type RedirectHost } from './iptables/redirect-flags.ts';
export { type FamilyPlan, printPlan, redirectPlan } from './iptables/redirect-plan.ts';
export { type AdmissionSettings, reviewAdmission } from './pod/admission-review.ts';
export { injectText, type InjectedText } from './pod/inject-text.ts';
export {
  admissionRequired,
  type AdmissionRules,
  type AdmittedPod,
  type InjectionDecision,
  injectionRequired,
  type WorkloadMetadata,
} from './pod/injection-decision.ts';
export { type Initializer, initializerPatch } from './pod/initializer.ts';
export { answerInjection, type InjectionAnswer, type InjectionRequest } from './pod/injection-server.ts';
export { proxySettings } from './pod/proxy-settings.ts';
export {
  DEFAULT_PROXY,
  type ImageChoice,
  type InjectionPolicy,
  type InjectSettings,
  type ProxySettings,
  sidecarImages,
  type TrafficSettings,
} from './pod/settings.ts';
