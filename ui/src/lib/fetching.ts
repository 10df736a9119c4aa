// The window fetches what is new; the engine only rings for it. See outbox.rs for the reason.

const RETRY_MS = 500;

/**
 * What the bell does: fetches until there is nothing more. `fetch` waits for a while itself, so that
 * during a call the bell is not needed.
 */
export function fetching<T>(fetch: () => Promise<T[]>, listen: (news: T) => void): () => void {
  let busy = false;
  let rung = false;

  async function run(): Promise<void> {
    busy = true;
    while (rung) {
      rung = false;
      try {
        for (let news = await fetch(); news.length > 0; news = await fetch()) news.forEach(listen);
      } catch (failure) {
        console.error(failure);
        rung = true;
        await new Promise((go) => setTimeout(go, RETRY_MS));
      }
    }
    busy = false;
  }

  return () => {
    rung = true;
    if (!busy) void run();
  };
}
