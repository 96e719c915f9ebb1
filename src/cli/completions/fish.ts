/** The completion of fish, from 3.0 on. */

import type { Flag } from '../flags.ts';
import {
  completedCommands,
  firstWords,
  flagsWithoutCommand,
  groupWords,
  secondWords,
  spellings,
  takesValue,
  valueSpellings,
  whatOf,
} from './vocabulary.ts';

/** @param program the name that is completed */
export function fishScript(program: string): string {
  const line = (condition: string, rest: string): string =>
    `complete -c ${program} -n '__${program}_is ${condition}' ${rest}`;
  const lines = [
    ...firstWords().map(word => line('none', `-a ${word} -d ${quoted(whatOf(word))}`)),
    ...['none', 'file'].flatMap(state => flagsWithoutCommand().map(flag => line(state, flagRest(flag)))),
    ...groupWords().flatMap(word =>
      secondWords(word).map(second => line(word, `-f -a ${second} -d ${quoted(whatOf(`${word} ${second}`))}`)),
    ),
    ...completedCommands().flatMap(({ name, flags, words }) => [
      ...(words.length > 0 ? [line(`"${name}"`, `-f -a '${words.join(' ')}'`)] : []),
      ...flags.map(flag => line(`"${name}"`, flagRest(flag))),
    ]),
  ];
  return `# Completion of ${program} for fish. Load it with: ${program} completion fish | source
${commandFunctions(program)}
${lines.join('\n')}
`;
}

/** Tells which command a line has: "none" yet, or "file" where a file stands in its place. */
function commandFunctions(program: string): string {
  return `function __${program}_command
    set -l values ${valueSpellings().join(' ')}
    set -l command none
    set -l skip 0
    for word in (commandline -opc)[2..-1]
        if test $skip = 1
            set skip 0
            continue
        end
        switch $word
            case --
                test "$command" = none; and set command file
                break
            case '-*=*'
            case '-*'
                contains -- (string replace -r '^--?' '' -- $word) $values; and set skip 1
            case '*'
                switch "$command"
                    case none
                        contains -- $word ${firstWords().join(' ')}; and set command $word; or set command file
                    case ${groupWords().join(' ') || "''"}
                        set command "$command $word"
                    case run
                        set command program
                end
        end
    end
    echo $command
end

function __${program}_is
    set -l command (__${program}_command)
    test "$command" = "$argv[1]"
end
`;
}

function flagRest(flag: Flag): string {
  const names = spellings(flag).map(text => (text.length > 1 ? `-l ${text}` : `-s ${text}`));
  const what = `-d ${quoted(flag.what)}`;
  if (!takesValue(flag)) return [...names, what].join(' ');
  if (flag.words !== undefined) return [...names, `-x -a '${flag.words.join(' ')}'`, what].join(' ');
  return [...names, flag.value === 'FILE' ? '-r -F' : '-x', what].join(' ');
}

const quoted = (text: string): string => `'${text.replace(/['\\]/g, '\\$&')}'`;
