import { ToolbarButton, useGraphiQL } from '@graphiql/react';

/** A key nobody has used: sending the same one twice moves money once. */
export function newKey() {
  // Not crypto.randomUUID: a browser has that only on https and localhost.
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return `explorer-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('')}`;
}

const KEY_IN_VARIABLES = /("idempotencyKey"\s*:\s*)"[^"]*"/g;

/** The variables (JSON text) with a new key for every one they have. */
export const withNewKeys = (variables) => variables.replace(KEY_IN_VARIABLES, (_, label) => `${label}"${newKey()}"`);

/** Gives the variables of the open tab a new idempotency key, so that the next run is a new payment. */
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
