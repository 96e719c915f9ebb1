/** The rows of `docs/compatibility.md` on `publish` that need no service; the others are tested in `publish.test.ts`. */

import type { Row } from './row.ts';

const files = { 'a.yaml': 'a: 1\n', '.sops.yaml': 'destination_rules:\n  - path_regex: "("\n    gcs_bucket: b\n' };
const first = [['encrypt', '-i', '--config', '/dev/null', 'a.yaml']];

export const publishRows: readonly Row[] = [
  {
    row: 'Expressions of destination rules',
    ...{ files, first, run: ['publish', '--yes', 'a.yaml'] },
    ...{ tsops: { exit: 1, err: /regular expression/ }, sops: { exit: 1, err: /no matching destination/ } },
  },
  {
    row: '`--dry-run`',
    ...{ files: { ...files, '.sops.yaml': 'destination_rules:\n  - gcs_bucket: b\n' }, first },
    ...{
      run: ['publish', '--dry-run', 'a.yaml'],
      tsops: { exit: 0, out: '', err: /a\.yaml would go to gcs:\/\/b\/a\.yaml/ },
    },
  },
];
