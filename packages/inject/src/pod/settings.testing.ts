// Settings of injection for tests.
import { DEFAULT_PROXY, type InjectSettings, sidecarImages } from './settings.ts';

export function testSettings(changes: Partial<InjectSettings> = {}): InjectSettings {
  return {
    policy: 'enabled',
    ...sidecarImages({ hub: 'docker.io/istio', tag: 'unittest', debug: false }),
    version: '12345678',
    verbosity: 2,
    sidecarProxyUid: 1337,
    coreDump: false,
    debug: false,
    imagePullPolicy: 'IfNotPresent',
    meshConfigMapName: 'istio',
    traffic: {},
    proxy: DEFAULT_PROXY,
    ...changes,
  };
}
