// An application of a local mesh as YAML: its service, its account and its deployment.

export interface MeshApp {
  readonly name: string;
  readonly command: readonly string[];
  readonly port: number;
  /** Says the protocol; `http` unless told. */
  readonly portName?: string;
}

export function meshApp({ name, command, port, portName = 'http' }: MeshApp): string {
  return `apiVersion: v1
kind: Service
metadata: {name: ${name}}
spec:
  ports: [{name: ${portName}, port: ${port}}]
  selector: {app: ${name}}
---
apiVersion: v1
kind: ServiceAccount
metadata: {name: ${name}}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: ${name}}
spec:
  selector: {matchLabels: {app: ${name}}}
  template:
    metadata: {labels: {app: ${name}}}
    spec:
      serviceAccountName: ${name}
      containers:
      - name: app
        command: ${JSON.stringify(command)}
        ports: [{containerPort: ${port}}]
`;
}
