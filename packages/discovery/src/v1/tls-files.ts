// Where a proxy of 0.x finds its keys: Citadel's secret, and the ingress's own certificate.

export const CERTIFICATE_FILES = {
  cert_chain_file: '/etc/certs/cert-chain.pem',
  private_key_file: '/etc/certs/key.pem',
  ca_cert_file: '/etc/certs/root-cert.pem',
} as const;

export const INGRESS_FILES = {
  cert_chain_file: '/etc/istio/ingress-certs/tls.crt',
  private_key_file: '/etc/istio/ingress-certs/tls.key',
} as const;
