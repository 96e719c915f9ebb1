/** The rows of `docs/compatibility.md` on completion and on reading values. */

import type { Row } from './row.ts';

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
];
