/** Workflow commands of GitHub Actions, which show findings in the changes of a pull request. */

import { escapeControls } from '../report.ts';
import type { FindingsForm } from './index.ts';
import { sentence } from './text.ts';

export const github: FindingsForm = async ({ findings }) =>
  findings
    .map(finding => {
      const { file, line, column, kind, hint } = finding;
      const places = [
        ...(line === undefined ? [] : [`line=${line}`]),
        ...(column === undefined ? [] : [`col=${column}`]),
      ];
      const properties = [
        `file=${property(escapeControls(file))}`,
        ...places,
        `title=${property(`tsops: ${kind}`)}`,
      ].join(',');
      const message = [sentence(finding), ...(hint === undefined ? [] : [hint])].map(escapeControls).join('\n');
      return `::error ${properties}::${data(message)}\n`;
    })
    .join('');

/** As in actions/toolkit packages/core/src/command.ts. */
const data = (text: string): string => text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A');
const property = (text: string): string => data(text).replaceAll(':', '%3A').replaceAll(',', '%2C');
