/** The rows of `docs/compatibility.md` on `exec-env`, `exec-file` and `run`. */

import type { Row } from './row.ts';

const files = { 'a.env': 'A=x\n' };
const first = [['encrypt', '-i', 'a.env']];

export const execRows: readonly Row[] = [
  {
    row: '`exec-env` takes `--input-type` and `--ignore-mac`',
    ...{ files: { secret: 'A: x\n' }, first: [['encrypt', '-i', '--input-type', 'yaml', 'secret']] },
    run: ['exec-env', '--input-type', 'yaml', '--ignore-mac', 'secret', 'echo $A'],
    ...{ tsops: { exit: 0, out: 'x\n' }, sops: { exit: 1, err: /not defined/ } },
  },
  {
    row: 'Nothing is said about the status of a command',
    ...{ files, first, run: ['exec-env', 'a.env', 'exit 7'] },
    ...{ tsops: { exit: 7, out: '', err: /^$/ }, sops: { exit: 7, err: /exit status 7/ } },
  },
  {
    row: 'Every reader of the FIFO gets the text',
    ...{ files, first, run: ['exec-file', 'a.env', 'cat {}; timeout 1 cat {} || echo none'] },
    ...{ tsops: { exit: 0, out: 'A=x\nA=x\n' }, sops: { exit: 0, out: 'A=x\nnone\n' } },
  },
  {
    row: 'Folders in `--filename`',
    ...{ files, first, run: ['exec-file', '--no-fifo', '--filename', 'b/c', 'a.env', 'cat {}'] },
    ...{ tsops: { exit: 0, out: 'A=x\n' }, sops: { exit: 1 } },
  },
  {
    row: 'Where `exec-file --no-fifo` writes',
    ...{
      files,
      first,
      run: ['exec-file', '--no-fifo', 'a.env', 'stat -c %a {}; ls -d {}'],
    },
    tsops: { exit: 0, out: /^600\n\/.*\/tsops-[^/]*\/tmp-file\n$/ },
  },
  {
    row: '`exec-file --background` works',
    ...{ files, first, run: ['exec-file', '--background', '--no-fifo', 'a.env', 'sleep 0.3; cat {} > "$ROOM/seen"'] },
    tsops: { exit: 0, out: '', err: /deprecated/ },
  },
  {
    row: 'Variables that cannot be',
    ...{ files: { 'a.yaml': 'a: "x\\0y"\n' }, first: [['encrypt', '-i', 'a.yaml']] },
    ...{ run: ['exec-env', 'a.yaml', 'true'], tsops: { exit: 1, out: '', err: /null character/ } },
  },
  {
    row: '`run`',
    ...{ files, first, run: ['run', '-f', 'a.env', '--', 'printenv', 'A'] },
    ...{ tsops: { exit: 0, out: 'x\n' } },
  },
];
