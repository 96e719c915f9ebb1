/** A change of keys as lines, in the layout of sops 3.13.2 cmd/sops/common PrettyPrintDiffs. */

import type { Paint } from '../host/streams.ts';
import type { KeysChange, SelectionRule } from '../index.ts';
import { escapeControls } from './report.ts';

export function changeLines(change: KeysChange, paint: Paint): string[] {
  const added = (text: string): string => paint('green', `+++ ${escapeControls(text)}`);
  const removed = (text: string): string => paint('red', `--- ${escapeControls(text)}`);
  const differs = (name: string, before: string, after: string): string[] => [
    ...(after === '' ? [] : [added(`${name}: ${after}`)]),
    ...(before === '' ? [] : [removed(`${name}: ${before}`)]),
  ];
  const { before, after } = change.shamirThreshold;
  const threshold =
    before > 0 && before === after
      ? [`shamir_threshold: ${after}`]
      : differs('shamir_threshold', before > 0 ? String(before) : '', after > 0 ? String(after) : '');
  return [
    ...threshold,
    ...(change.selection ? differs('rule', ruleText(change.selection.before), ruleText(change.selection.after)) : []),
    ...(change.macOnlyEncrypted ? differs('mac_only_encrypted', '', 'true') : []),
    ...change.groups.flatMap((group, index) => [
      paint('bold', `Group ${index + 1}`),
      ...group.common.map(({ text }) => `    ${escapeControls(text)}`),
      ...group.added.map(({ text }) => added(text)),
      ...group.removed.map(({ text }) => removed(text)),
    ]),
  ];
}

function ruleText(rule: SelectionRule): string {
  if (rule.kind === 'none') return '';
  return `${rule.kind.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`)} ${rule.text}`;
}
