/** What a configuration says, as it stands in the file. `docs/config.md` is the reference for people. */

import type { KeyKind } from '../core/metadata.ts';
import type { SelectionRule } from '../core/selection.ts';
import type { FormatName } from '../formats/format.ts';
import type { Place, PlacedText } from './reading.ts';

/** A whole configuration. */
export interface Config {
  /** Absolute path of the file; the rules' paths are relative to its folder. */
  readonly path: string;
  /** undefined where there is no list of rules at all: then it is as if there were no configuration. */
  readonly rules: readonly RuleEntry[] | undefined;
  readonly destinations: readonly DestinationEntry[];
  /** The indentation per format as configured, in spaces; -1 is one tab (JSON and binary). */
  readonly indents: Readonly<Partial<Record<FormatName, number>>>;
  /** What is suspicious but not wrong, each with file, line and column. */
  readonly warnings: readonly string[];
  /** The same of the destination rules, which matter only where something is published. */
  readonly destinationWarnings: readonly string[];
}

/** One creation rule as written. */
export interface RuleEntry {
  /** From 0. */
  readonly index: number;
  readonly place: Place;
  /** undefined matches every path. */
  readonly pathRegex: PlacedText | undefined;
  readonly pathGlob: PlacedText | undefined;
  /** The keys beside `key_groups`, by kind. */
  readonly flat: ReadonlyMap<KeyKind, FlatKeys>;
  readonly awsProfile: string;
  readonly groups: readonly GroupEntry[];
  /** 0 where none is given. */
  readonly shamirThreshold: number;
  /** The selection keys that are not empty; more than one is an error once the rule is used. */
  readonly selections: readonly SelectionEntry[];
  readonly macOnlyEncrypted: boolean;
}

/** The keys of one kind beside `key_groups`, comma separated. What is wrong with them counts once the rule is used. */
export interface FlatKeys {
  readonly text: string;
  readonly place: Place;
  readonly problem?: string;
}

export interface SelectionEntry {
  /** The key as written in the file: `encrypted_regex` … */
  readonly name: string;
  /** The name of the preset that the rule comes from. */
  readonly preset?: string;
  readonly rule: Exclude<SelectionRule, { readonly kind: 'none' }>;
  readonly place: Place;
}

/** One element of `key_groups` or of `merge`. */
export interface GroupEntry {
  readonly merge: readonly GroupEntry[];
  /** Texts of one key each; age texts may hold several, comma separated. */
  readonly texts: ReadonlyMap<KeyKind, readonly PlacedText[]>;
  readonly awsKms: readonly AwsKmsEntry[];
  readonly azure: readonly AzureEntry[];
}

export interface AwsKmsEntry {
  readonly arn: string;
  readonly role: string;
  readonly context: ReadonlyMap<string, string>;
  readonly awsProfile: string;
  readonly place: Place;
}

export interface AzureEntry {
  readonly vaultUrl: string;
  readonly name: string;
  readonly version: string;
  readonly place: Place;
}

/** One destination rule as written. tsops checks it and does nothing else with it. */
export interface DestinationEntry {
  readonly place: Place;
  readonly texts: ReadonlyMap<string, string>;
  readonly vaultKvVersion: number;
  readonly omitExtensions: boolean;
  readonly recreationRule: RuleEntry | undefined;
}
