// Collects the checks of one suite, and prints them as one line of JSON for `python -m tests.interop`.
export class Checks {
  private made = 0;
  private readonly failures: string[] = [];

  equal(rule: string, actual: unknown, expected: unknown): void {
    this.add(rule, actual === expected ? null : `${JSON.stringify(actual)} instead of ${JSON.stringify(expected)}`);
  }

  add(rule: string, failure: string | null): void {
    this.made++;
    if (failure !== null) this.failures.push(`${rule}: ${failure}`);
  }

  // Runs a part of the suite. An exception ends only this part, and is a failure.
  async during(what: string, part: () => Promise<void>): Promise<void> {
    try {
      await part();
    } catch (error) {
      this.add(what, textOf(error));
    }
  }

  print(): void {
    console.log(JSON.stringify({ checks: this.made, failures: this.failures }));
  }
}

// The websocket libraries throw close events, and lists of GraphQL errors.
function textOf(error: unknown): string {
  if (error instanceof Error) return `${error.name}: ${error.message}`;
  const { code, reason } = error as { code?: unknown; reason?: unknown };
  return code === undefined ? JSON.stringify(error) : `the websocket closed with ${code} ${reason}`;
}
