/** The rows of `docs/compatibility.md` on completion and on reading values. */

import type { Row } from './row.ts';

const files = { 'a.yaml': 'a: x\nb: [1, 2]\n' };
const first = [['encrypt', '-i', 'a.yaml']];

export const viewRows: readonly Row[] = [
  {
    row: '`completion` has all words in the script',
    ...{ run: ['completion', 'bash'], tsops: { exit: 0, out: /yaml json dotenv/ } },
    sops: { exit: 0, out: /--generate-bash-completion/ },
  },
  {
    row: '`completion` has all words in the script',
    ...{ run: ['completion', 'fish'], tsops: { exit: 0, out: /complete -c tsops/ }, sops: { exit: 3 } },
  },
  {
    row: '`--extract` several times',
    ...{ files, first, run: ['decrypt', '--extract', '["a"]', '--extract', '["b"][0]', 'a.yaml'] },
    ...{ tsops: { exit: 0, out: 'x\n1\n' }, sops: { exit: 0, out: '1\n' } },
  },
  {
    row: '`get FILE PATH…`, `--format`',
    ...{ files, first, run: ['get', '--format', 'shell', 'a.yaml', 'a', 'b'] },
    tsops: { exit: 0, out: "export a='x'\nexport b_0='1'\nexport b_1='2'\n" },
  },
  {
    row: '`get FILE PATH…`, `--format`',
    ...{ files, first, run: ['decrypt', '--format', 'json', '--indent', '0', 'a.yaml'] },
    tsops: { exit: 0, out: /^\{\s*"a": "x",\s*"b": \[\s*1,\s*2\s*\]\s*\}\n$/ },
  },
  {
    row: 'The audit log is a file',
    ...{ files, first, run: ['decrypt', 'a.yaml'], env: { TSOPS_AUDIT_LOG: '$ROOM/audit.log' } },
    tsops: {
      exit: 0,
      out: 'a: x\nb: [1, 2]\n',
      file: ['audit.log', /"event":"decrypt".*\n\{.*"status":0\}\n$/],
    },
  },
  {
    row: 'The audit log is a file',
    ...{ files, run: ['encrypt', 'a.yaml'], env: { TSOPS_AUDIT_LOG: '$ROOM/no/audit.log' } },
    tsops: { exit: 3, out: '' },
  },
];
