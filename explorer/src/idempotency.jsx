import { ToolbarButton, useGraphiQL } from '@graphiql/react';

/** Returns a new idempotency key. Two requests with the same key move money once. */
export function newKey() {
  // Not crypto.randomUUID: a browser has that only on https and localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `explorer-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

const KEY_IN_VARIABLES = /("idempotencyKey"\s*:\s*)"[^"]*"/g;

/** Returns the variables (JSON text) with a new value for each idempotency key in them. */
export const withNewKeys = (variables) => variables.replace(KEY_IN_VARIABLES, (_, label) => `${label}"${newKey()}"`);

/** A button that puts a new idempotency key into the open tab's variables, so that the next run is a new payment. */
export function NewKeyButton() {
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const renew = () => {
    const variables = variableEditor.getValue();
    const renewed = withNewKeys(variables);
    if (renewed === variables) throw new Error('No "idempotencyKey" in the variables of this tab.');
    variableEditor.setValue(renewed);
  };
  return (
    <ToolbarButton onClick={renew} label="New idempotency key (the next run is a new payment)">
      <svg className="graphiql-toolbar-icon" viewBox="0 0 20 20" fill="none" stroke="currentColor" aria-hidden="true">
        <circle cx="6.5" cy="13.5" r="3.5" strokeWidth="1.5" />
        <path d="m9 11 7.5-7.5M13 7l3 3" strokeWidth="1.5" strokeLinecap="round" />
      </svg>
    </ToolbarButton>
  );
}
