/** SARIF 2.1.0 (OASIS), which code scanning services take. */

import { createHash } from 'node:crypto';
import { ownVersion } from '../../host/version.ts';
import { type FindingKind, findingKinds, formatPath } from '../../index.ts';
import { escapeControls } from '../report.ts';
import type { FileFinding, FindingsForm } from './index.ts';
import { sentence } from './text.ts';

const kinds = Object.keys(findingKinds) as FindingKind[];

export const sarif: FindingsForm = async ({ findings }) => {
  const rules = kinds.map(id => ({ id, shortDescription: { text: findingKinds[id] } }));
  const driver = { name: 'tsops', version: ownVersion(), rules };
  const run = {
    tool: { driver },
    columnKind: 'unicodeCodePoints',
    // Where the command ended with findings, it did what it was run for.
    invocations: [{ executionSuccessful: true }],
    results: findings.map(resultOf),
  };
  const log = { $schema: 'https://json.schemastore.org/sarif-2.1.0.json', version: '2.1.0', runs: [run] };
  return `${JSON.stringify(log, null, 2)}\n`;
};

function resultOf(finding: FileFinding) {
  const { file, kind, line, column, path, hint } = finding;
  const text = [sentence(finding), ...(hint === undefined ? [] : [hint])].map(escapeControls).join('\n');
  const region =
    line === undefined ? {} : { region: { startLine: line, ...(column === undefined ? {} : { startColumn: column }) } };
  const name = path === undefined || path.length === 0 ? undefined : escapeControls(formatPath(path));
  return {
    ruleId: kind,
    ruleIndex: kinds.indexOf(kind),
    level: 'error',
    message: { text },
    locations: [
      {
        physicalLocation: { artifactLocation: { uri: uriOf(file) }, ...region },
        ...(name === undefined ? {} : { logicalLocations: [{ fullyQualifiedName: name }] }),
      },
    ],
    partialFingerprints: { 'findingPlace/v1': fingerprint(finding) },
  };
}

/** A relative reference (RFC 3986 §4.2), whose first step is not taken for a scheme; a lone surrogate has no UTF-8. */
const uriOf = (file: string): string => Buffer.from(file).toString().split('/').map(encodeURIComponent).join('/');

/** The same finding has the same text when other lines are added above it. */
function fingerprint({ file, kind, path, document }: FileFinding): string {
  return createHash('sha256')
    .update(JSON.stringify([file, kind, path ?? [], document ?? 0]))
    .digest('hex');
}
