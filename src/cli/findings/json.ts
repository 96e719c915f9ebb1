/** One JSON object, for programs. */

import type { FindingsForm } from './index.ts';

export const json: FindingsForm = async ({ findings, files }) => {
  const ordered = findings.map(({ file, kind, line, column, document, path, message, hint }) => ({
    ...{ file, kind, line, column, document, path, message, hint },
  }));
  return `${JSON.stringify({ files, findings: ordered }, null, 2)}\n`;
};
