/** What the suites about GitOps share: the programs beside tsops, tsops as a program of its own, and the plugin for Argo CD. */

import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { delimiter, dirname, join } from 'node:path';
import { parse } from 'yaml';
import { startedText } from '../started.ts';
import { type Run, type RunOptions, root, runProgram } from './harness.ts';

export const kustomize: string = process.env['TSOPS_TEST_KUSTOMIZE'] ?? 'kustomize';
/** Why what needs the program is left out; false where it is here. */
export const noKustomize: string | false =
  spawnSync(kustomize, ['version']).status === 0
    ? false
    : 'kustomize is not installed, and TSOPS_TEST_KUSTOMIZE names none';
export const noKubectl: string | false =
  spawnSync('kubectl', ['version', '--client']).status === 0 ? false : 'kubectl is not installed';

/** The arguments with which kubectl judges manifests on this machine, apart from the server that names the kinds. */
export const dryRun = ['apply', '--dry-run=client', '--validate=false'] as const;

/** Makes the built command a program of this path, and gives the variables that put its folder on the PATH. */
export function placeTsops(path: string): { readonly PATH: string } {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, `#!/bin/sh\nexec ${startedText} "$@"\n`, { mode: 0o755 });
  return { PATH: `${dirname(path)}${delimiter}${process.env['PATH']}` };
}

/** A configuration of the function for kustomize, which runs tsops as a program. */
export const functionOf = (tsops: string, kind = 'apiVersion: tsops.dev/v1\nkind: Decrypt'): string => `${kind}
metadata:
  name: secrets
  annotations:
    config.kubernetes.io/function: |
      exec:
        path: ${tsops}
        args: [krm]
`;

export interface Command {
  readonly command: readonly string[];
  readonly args?: readonly string[];
}
export interface Plugin {
  readonly apiVersion: string;
  readonly kind: string;
  readonly spec: { readonly init: Command; readonly generate: Command; readonly discover?: { readonly find: Command } };
}

export const argocdFile = (name: string): string => readFileSync(join(root, 'integrations', 'argocd', name), 'utf8');
export const argocdPlugin = (name: string): Plugin => parse(argocdFile(name)) as Plugin;

/** A command of the plugin, run in a folder as Argo CD runs it. */
export const runStep = ({ command: [program = '', ...words], args = [] }: Command, options: RunOptions): Promise<Run> =>
  runProgram(program, [...words, ...args], options);
