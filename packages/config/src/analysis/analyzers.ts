// All analyzers, in one list; those of routing come first, which every view is looked at by.
import type { Analyzer } from './analyzer.ts';
import { analyzeAnnotations } from './annotations.ts';
import { analyzeAuthorization } from './authorization.ts';
import { analyzeCertificateVerification } from './certificate-verification.ts';
import { analyzeClaimRoutes } from './claim-routes.ts';
import { analyzeConflictingGateways } from './conflicting-gateways.ts';
import { analyzeConflictingHosts } from './conflicting-hosts.ts';
import { analyzeDeploymentServices } from './deployment-services.ts';
import { analyzeDeprecatedFields } from './deprecated-fields.ts';
import { analyzeDestinationHosts, analyzeSubsets } from './destination-hosts.ts';
import { analyzeEntryAddresses } from './entry-addresses.ts';
import { analyzeEntryProtocols } from './entry-protocols.ts';
import { analyzeEnvoyFilterOperations } from './envoy-filter-operations.ts';
import { analyzeGatewayCredentials, analyzeRepeatedCertificates } from './gateway-certificates.ts';
import { analyzeGateways } from './gateway-hosts.ts';
import { analyzeGatewayPorts } from './gateway-ports.ts';
import { analyzeGatewaySubsets } from './gateway-subsets.ts';
import { analyzeInjection } from './injection.ts';
import { analyzeKeySetNetworks } from './key-set-networks.ts';
import { analyzePortNames } from './port-names.ts';
import { analyzeAutoImages, analyzeProxyImages } from './proxy-images.ts';
import { analyzeProxyUser } from './proxy-user.ts';
import { analyzeSubsetPods } from './subset-pods.ts';
import { analyzeLightstep, analyzeLogProviders } from './telemetry-providers.ts';
import { analyzeUnreachableRoutes } from './unreachable-routes.ts';
import { analyzeDefaultTelemetries, analyzeSidecars, analyzeTelemetrySelectors } from './workload-selectors.ts';

function analyzer(name: string, description: string, analyze: Analyzer['analyze']): Analyzer {
  return { name, description, analyze };
}

/** What decides where requests go. */
export const ROUTING: readonly Analyzer[] = [
  analyzer(
    'virtualservice.DestinationHostAnalyzer',
    'Hosts and ports that VirtualServices send to are there',
    analyzeDestinationHosts,
  ),
  analyzer('virtualservice.DestinationRuleAnalyzer', 'Subsets that they send to are defined', analyzeSubsets),
  analyzer('destinationrule.SubsetSelectPodAnalyzer', 'Subsets have pods', analyzeSubsetPods),
  analyzer(
    'virtualservice.ConflictingMeshGatewayHostsAnalyzer',
    'One VirtualService speaks of a host in the mesh',
    analyzeConflictingHosts,
  ),
  analyzer(
    'schema.ValidationAnalyzer.VirtualService',
    'No route takes all that a later one means',
    analyzeUnreachableRoutes,
  ),
  analyzer(
    'virtualservice.GatewayAnalyzer',
    'Gateways of VirtualServices are there and open for them',
    analyzeGateways,
  ),
];

export const ANALYZERS: readonly Analyzer[] = [
  ...ROUTING,
  analyzer(
    'virtualservice.JWTClaimRouteAnalyzer',
    'Routing by claims of tokens has someone who looks at the tokens',
    analyzeClaimRoutes,
  ),
  analyzer(
    'virtualservice.IngressSubsetAnalyzer',
    'Subsets of a host hold for what comes in at gateways too',
    analyzeGatewaySubsets,
  ),
  analyzer('annotations.K8sAnalyzer', "Istio's annotations are known and in their places", analyzeAnnotations),
  analyzer('authn.BlockedCIDRsAnalyzer', 'Key sets are fetched from permitted networks', analyzeKeySetNetworks),
  analyzer('auth.AuthorizationPoliciesAnalyzer', 'Policies are for somebody', analyzeAuthorization),
  analyzer('applicationUID.Analyzer', "No application runs as the proxy's user", analyzeProxyUser),
  analyzer('deployment.MultiServiceAnalyzer', 'Services agree on ports of a Deployment', analyzeDeploymentServices),
  analyzer('deprecation.DeprecationAnalyzer', 'Fields are not deprecated', analyzeDeprecatedFields),
  analyzer(
    'destinationrule.CaCertificateAnalyzer',
    'Certificates of servers are verified',
    analyzeCertificateVerification,
  ),
  analyzer('envoyfilter.EnvoyPatchAnalyzer', 'Patches have an effect', analyzeEnvoyFilterOperations),
  analyzer('gateway.CertificateAnalyzer', 'Gateways have certificates of their own', analyzeRepeatedCertificates),
  analyzer(
    'gateway.ConflictingGatewayAnalyzer',
    'One Gateway opens a port for a host on a pod',
    analyzeConflictingGateways,
  ),
  analyzer('gateway.IngressGatewayPortAnalyzer', 'Pods and services serve the Gateways', analyzeGatewayPorts),
  analyzer('gateway.SecretAnalyzer', "Gateways' secrets are there and good", analyzeGatewayCredentials),
  analyzer('injection.Analyzer', 'Namespaces and pods are clear about proxies', analyzeInjection),
  analyzer('injection.ImageAnalyzer', "Proxies have the injector's image", analyzeProxyImages),
  analyzer('injection.ImageAutoAnalyzer', '"image: auto" meets an injector', analyzeAutoImages),
  analyzer('service.PortNameAnalyzer', 'Names of ports say protocols', analyzePortNames),
  analyzer('serviceentry.Analyzer', 'ServiceEntries for bytes have addresses', analyzeEntryAddresses),
  analyzer(
    'serviceentry.ConflictingServiceEntryProtocolAnalyzer',
    'ServiceEntries agree on protocols',
    analyzeEntryProtocols,
  ),
  analyzer('sidecar.SelectorAnalyzer', 'Each pod has at most one Sidecar', analyzeSidecars),
  analyzer('telemetry.DefaultSelectorAnalyzer', 'A namespace has at most one Telemetry', analyzeDefaultTelemetries),
  analyzer('telemetry.LightstepAnalyzer', 'No traces go to Lightstep', analyzeLightstep),
  analyzer('telemetry.ProviderAnalyzer', 'Logs have a provider', analyzeLogProviders),
  analyzer('telemetry.SelectorAnalyzer', 'Each pod has at most one Telemetry', analyzeTelemetrySelectors),
];
