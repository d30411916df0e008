/**
 * Tells a listener, a meter or a logger of the host. What it throws, and what it rejects with when it
 * is asynchronous, is dropped: a bystander changes no outcome and ends no process.
 *
 * @param tell calls the bystander and returns what it returned; nobody waits for that
 */
export function tellQuietly(tell: () => unknown): void {
  try {
    const told = tell()
    if (told !== undefined) Promise.resolve(told).catch(() => {})
  } catch {
    // Whoever hands in a bystander that throws will miss what it was told.
  }
}
