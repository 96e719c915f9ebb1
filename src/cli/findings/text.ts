/** `file:line:column: kind: message`, a hint below it, for people and for editors that jump to places. */

import { paintFor } from '../../host/streams.ts';
import { formatPath } from '../../index.ts';
import { escapeControls } from '../report.ts';
import type { FileFinding, FindingsForm } from './index.ts';

export const text: FindingsForm = async ({ findings }) => {
  const paint = await paintFor('stdout');
  return findings
    .map(finding => {
      const { kind, hint } = finding;
      const first = `${escapeControls(placeText(finding))}: ${paint('red', kind)}: ${escapeControls(sentence(finding))}\n`;
      return hint === undefined ? first : `${first}  ${paint('green', 'hint:')} ${escapeControls(hint)}\n`;
    })
    .join('');
};

function placeText({ file, line, column }: FileFinding): string {
  return [file, line, line === undefined ? undefined : column].filter(part => part !== undefined).join(':');
}

/** The first line of the message, with the key path. */
export function sentence({ message, path, document }: FileFinding): string {
  const [first = ''] = message.split('\n');
  const inDocument = document === undefined ? '' : ` in document ${document + 1}`;
  const at = path === undefined || path.length === 0 ? '' : ` (at ${formatPath(path)}${inDocument})`;
  return `${first}${at}`;
}
