/** As much of the server of Kubernetes as `kubectl apply --dry-run=client` asks: which kinds there are, and that no object is. */

import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Kubernetes {
  /** `http://127.0.0.1:PORT` */
  readonly address: string;
  stop(): void;
}

const kind = (name: string, singularName: string, kind: string): object => ({
  name,
  singularName,
  namespaced: true,
  kind,
  verbs: ['create', 'get', 'list', 'patch'],
});
const version = { groupVersion: 'apps/v1', version: 'v1' };
const answers: Readonly<Record<string, unknown>> = {
  '/api': { kind: 'APIVersions', versions: ['v1'] },
  '/apis': {
    kind: 'APIGroupList',
    apiVersion: 'v1',
    groups: [{ name: 'apps', versions: [version], preferredVersion: version }],
  },
  '/api/v1': {
    kind: 'APIResourceList',
    groupVersion: 'v1',
    resources: [kind('secrets', 'secret', 'Secret'), kind('configmaps', 'configmap', 'ConfigMap')],
  },
  '/apis/apps/v1': {
    kind: 'APIResourceList',
    groupVersion: 'apps/v1',
    resources: [kind('deployments', 'deployment', 'Deployment')],
  },
};

/** A server on the loopback that knows the kinds Secret, ConfigMap and Deployment. */
export async function startKubernetes(): Promise<Kubernetes> {
  const server = createServer((request, response) => {
    const answer = answers[(request.url ?? '').replace(/\?.*/, '')];
    response.writeHead(answer === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(answer ?? { kind: 'Status', apiVersion: 'v1', status: 'Failure', reason: 'NotFound', code: 404 }),
    );
  });
  await new Promise<void>(settle => server.listen(0, '127.0.0.1', settle));
  return {
    address: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop: () => {
      server.closeAllConnections();
      server.close();
    },
  };
}
