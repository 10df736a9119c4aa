// The profile form while it is being filled in: what was entered, and which faults to show.

import type { Profile, ProfileDraft, SecretState } from './bindings';
import {
  draftOf,
  faultsIn,
  holdsXaiKey,
  looksUnfinished,
  ratesOf,
  type FieldName,
  type FieldSource,
  type Faults,
  type Rates,
} from './draft';
import { words } from './words';

export class FormState implements FieldSource {
  profile: Profile;
  rates: Rates;
  secret = $state('');
  readonly stored: SecretState;
  proxyPassword = $state('');
  readonly storedProxy: SecretState;
  /** Save or Test was pressed: every fault is shown. */
  attempted = $state(false);
  /** The advanced part is open. */
  unfolded = $state(false);
  /** Fields that have been left once. */
  #left = $state<Partial<Record<FieldName, boolean>>>({});
  /** The field that an xAI key was just kept out of. */
  #refused = $state<string | null>(null);

  faults: Faults = $derived.by(() =>
    faultsIn(this.profile, this.secret, this.stored, this.rates, this.proxyPassword),
  );
  sound = $derived(Object.keys(this.faults).length === 0);

  constructor(profile: Profile, stored: SecretState, storedProxy: SecretState) {
    this.profile = $state(profile);
    this.rates = $state(ratesOf(profile));
    this.stored = stored;
    this.storedProxy = storedProxy;
  }

  /** What would be saved now. */
  draft(): ProfileDraft {
    return draftOf($state.snapshot(this.profile) as Profile, this.secret, this.rates, this.proxyPassword);
  }

  leave(field: FieldName, text: string): void {
    if (text !== '') this.#left[field] = true;
  }

  typed(field: FieldName): void {
    if (this.#refused === field) this.#refused = null;
  }

  fault(field: FieldName, text: string): string | undefined {
    if (this.#refused === field) return words.faultsOf.xaiKey;
    const fault = this.faults[field];
    if (fault === undefined || this.attempted || this.#left[field]) return fault;
    return text === '' || looksUnfinished(text) ? undefined : fault;
  }

  /** An API key never even gets into a field. */
  onpaste = (event: ClipboardEvent): void => {
    const text = event.clipboardData?.getData('text') ?? '';
    const field = event.target instanceof HTMLElement ? event.target.dataset['field'] : undefined;
    if (field === undefined || !holdsXaiKey(text)) return;
    event.preventDefault();
    this.#refused = field;
  };
}
