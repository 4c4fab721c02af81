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

  print(): void {
    console.log(JSON.stringify({ checks: this.made, failures: this.failures }));
  }
}
