/**
 * tsops as a library: encrypt, decrypt, edit and inspect files in the sops 3.x format, on bytes and strings.
 * No disk, no environment, no log and no prompt unless a `KeyContext` is handed in that has them.
 */

export { keyAddresses } from './config/addresses.ts';
export { type DestinationMatch, matchDestination } from './config/destinations.ts';
export { explainRules, type RuleExplanation } from './config/explain.ts';
export { type FoundConfig, findConfig } from './config/find.ts';
export { type Config, loadConfig, parseConfig } from './config/load.ts';
export { isNeverEncrypted, matchRule, type RuleMatch } from './config/rules.ts';
export { fitsGroups, namesKey } from './core/keymatch.ts';
export type { KeyGroup, KeyKind, MasterKey } from './core/metadata.ts';
export { formatVersion, masterKeyText } from './core/metadata.ts';
export { formatPath, parseSetPath, parseTreePath } from './core/path.ts';
export { defaultSelection, type SelectionRule } from './core/selection.ts';
export type { Path } from './core/tree.ts';
export { type ErrorCode, type ErrorDetails, errorKinds, TsopsError, type Where } from './errors.ts';
export type { FormatName } from './formats/format.ts';
export { endingOf, exampleFor, formatNames, formatOf } from './formats/index.ts';
export { generateIdentity, recipientsOfIdentities } from './keys/age/keygen.ts';
export { parseEncryptionContext } from './keys/awskms-context.ts';
export { explicitContext, type SystemOptions, systemContext } from './keys/context.ts';
export { masterKeyName } from './keys/failures.ts';
export { parseDecryptionOrder } from './keys/groups.ts';
export { keyOptions, loadProvider } from './keys/index.ts';
export type { KeyContext, KeyService } from './keys/provider.ts';
export { openKeyServices, type ServiceList, type ServiceOptions } from './keyservice/client.ts';
export { type RunningService, type ServingOptions, serveKeys } from './keyservice/server.ts';
export { type CheckOptions, checkFile } from './ops/check.ts';
export { type DecryptOptions, decrypt } from './ops/decrypt.ts';
export { type EditCheck, type EditOptions, edit, type Rescue } from './ops/edit.ts';
export { type EditBlockOptions, editBlock } from './ops/editblock.ts';
export { type EncryptOptions, encrypt } from './ops/encrypt.ts';
export { dotenvNames, type EnvironmentOptions, environment, type Variable } from './ops/environment.ts';
export { type Finding, type FindingKind, findingKinds } from './ops/finding.ts';
export { type GetOptions, get } from './ops/get.ts';
export { addGroup, deleteGroup, type GroupOptions } from './ops/groups.ts';
export type { Content, FormatOptions } from './ops/input.ts';
export { type Inspection, inspectFile, type Recipient } from './ops/inspect.ts';
export { type Joining, joinTexts } from './ops/join.ts';
export { type DecryptedResources, decryptResources, type ResourceListOptions } from './ops/krm.ts';
export { type MergeConflict, type MergeOptions, type MergeResult, merge } from './ops/merge.ts';
export { type Publication, type PublishOptions, publication } from './ops/publish.ts';
export { type RotateOptions, rotate } from './ops/rotate.ts';
export { JsonText, type SetOptions, type SetValue, set } from './ops/set.ts';
export { stripMetadata } from './ops/strip.ts';
export type { OpenOptions } from './ops/unlock.ts';
export { type UnsetOptions, unset } from './ops/unset.ts';
export {
  type CompareOptions,
  compareKeys,
  type GroupChange,
  type KeysChange,
  type UpdateKeysOptions,
  updateKeys,
  type WantedKeys,
} from './ops/updatekeys.ts';
export { type ValueForm, valueForms } from './ops/valueforms.ts';
