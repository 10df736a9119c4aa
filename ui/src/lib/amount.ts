// Amounts of money as people type them.

/** `0.08`, `0,08`, `.5` or `12`; null where it is none, and where a comma may mean either thing. */
export function amountIn(text: string): number | null {
  const trimmed = text.trim();
  if (/^[1-9]\d{0,2},\d{3}$/.test(trimmed)) return null;
  return /^(\d+([.,]\d*)?|[.,]\d+)$/.test(trimmed) ? Number(trimmed.replace(',', '.')) : null;
}

/** An amount as it stands in a field: the shortest text that means it. */
export function typed(amount: number): string {
  return amount.toLocaleString('en-US', { useGrouping: false, maximumFractionDigits: 6 });
}
