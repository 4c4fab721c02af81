/** The logo with the product's name. The page's icon is the same drawing. */
export function Logo() {
  return (
    <span className="pocketpay-logo">
      <svg viewBox="0 0 32 32" aria-hidden="true">
        <rect width="32" height="32" rx="8" />
        <path d="M7 9h18v8a9 9 0 0 1-18 0z" />
        <path d="m12 14 4 4 4-4" strokeLinecap="round" />
      </svg>
      Pocket Pay
    </span>
  );
}
