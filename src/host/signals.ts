/**
 * What must be undone when the process ends early. A signal undoes everything that is registered and then ends the
 * process by that same signal, unless somebody (an editor session) has taken the signals over.
 */

export type EndingSignal = 'SIGINT' | 'SIGTERM' | 'SIGHUP' | 'SIGQUIT';

const endingSignals: readonly EndingSignal[] =
  process.platform === 'win32' ? ['SIGINT', 'SIGTERM', 'SIGHUP'] : ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'];

const undoings: (() => void)[] = [];
const takers: ((signal: EndingSignal) => void)[] = [];

/**
 * Registers something to undo when the process ends: by a signal, by `process.exit`, or by an uncaught error.
 * It has to be synchronous. The returned function takes the registration back.
 */
export function undoOnExit(undo: () => void): () => void {
  return enlist(undoings, undo);
}

/** Lets `take` have the ending signals instead of the process's end, until the returned function is called. */
export function takeSignals(take: (signal: EndingSignal) => void): () => void {
  return enlist(takers, take);
}

/**
 * To be awaited before signals are given back: one that came while a program had the terminal may be told only in the next turn of the
 * event loop, after the end of that program.
 */
export function signalsTold(): Promise<void> {
  return new Promise(settle => setImmediate(() => setImmediate(settle)));
}

function enlist<T>(list: T[], entry: T): () => void {
  list.push(entry);
  listen();
  return () => {
    const at = list.lastIndexOf(entry);
    if (at >= 0) list.splice(at, 1);
    if (undoings.length + takers.length === 0) stopListening();
  };
}

let listening = false;

function listen(): void {
  if (listening) return;
  listening = true;
  for (const signal of endingSignals) process.on(signal, onSignal);
  process.on('exit', undoAll);
}

function stopListening(): void {
  listening = false;
  for (const signal of endingSignals) process.off(signal, onSignal);
  process.off('exit', undoAll);
}

function onSignal(signal: NodeJS.Signals): void {
  const take = takers.at(-1);
  if (take) {
    take(signal as EndingSignal);
    return;
  }
  undoAll();
  stopListening();
  process.kill(process.pid, signal);
}

function undoAll(): void {
  for (let undo = undoings.pop(); undo; undo = undoings.pop()) {
    try {
      undo();
    } catch {
      // The others are to be undone all the same.
    }
  }
}
