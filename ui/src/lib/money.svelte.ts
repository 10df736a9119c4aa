// The settings of money while they are typed: what is no amount stays in its field, and is not kept.

import { amountIn, typed } from './amount';
import type { Money } from './bindings';
import type { FieldName, FieldSource } from './draft';
import { words } from './words';

/** What a cap begins with when it is turned on for the first time. */
const FIRST_CAP = 5;
/** As in the engine. */
const MOST_CAP = 1_000_000;

export class MoneyForm implements FieldSource {
  currency = $state('');
  cap = $state('');
  #left = $state<Partial<Record<FieldName, boolean>>>({});
  #kept: () => Money;
  #keep: (money: Money) => void;

  constructor(kept: () => Money, keep: (money: Money) => void) {
    this.#kept = kept;
    this.#keep = keep;
    this.currency = kept().currency;
    this.cap = typed(kept().dailyCap ?? FIRST_CAP);
  }

  /** What is wrong with a field, once it has been left. */
  fault(field: FieldName, text: string): string | undefined {
    if (!this.#left[field]) return undefined;
    if (field === 'currency') return isCurrency(text) ? undefined : words.faultsOf.currencyBroken;
    return capIn(text) === null ? words.faultsOf.capBroken : undefined;
  }

  typed(field: FieldName): void {
    this.#left[field] = false;
  }

  /** The field is left, or Enter was pressed: what is sound is kept. */
  leave(field: FieldName, text: string): void {
    this.#left[field] = true;
    if (this.fault(field, text) !== undefined) return;
    this.#change(field === 'currency' ? { currency: text.trim() } : { dailyCap: capIn(text) });
  }

  turn(on: boolean): void {
    this.#change({ dailyCap: on ? (capIn(this.cap) ?? FIRST_CAP) : null });
  }

  #change(some: Partial<Money>): void {
    const before = this.#kept();
    const money = { ...before, ...some };
    if (money.currency !== before.currency || money.dailyCap !== before.dailyCap) this.#keep(money);
  }
}

/** As in the engine. */
function isCurrency(text: string): boolean {
  return /^[^\p{N}\p{Cc}]{1,8}$/u.test(text.trim());
}

function capIn(text: string): number | null {
  const cap = amountIn(text);
  return cap !== null && cap > 0 && cap <= MOST_CAP ? cap : null;
}
