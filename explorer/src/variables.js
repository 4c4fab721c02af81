import { useGraphiQL } from '@graphiql/react';
import { useEffect } from 'react';
import { withIdToActOn, writtenFor } from './tabs.js';

/**
 * The editors open with the open tab's text. GraphiQL gives them the document and the variables that were the open
 * tab's when the page began to load: no variables for the first tab, and the first tab's document where somebody was
 * quick to open another.
 */
export function useTabsOwnText() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    for (const [editor, text] of [
      [queryEditor, tab.query ?? ''],
      [variableEditor, tab.variables ?? ''],
    ]) {
      if (editor && editor.getValue() !== text) editor.setValue(text);
    }
  }, [queryEditor, variableEditor]);
}

/** The open tab's variables fit who is signed in, and name the newest of what the tab acts on. */
export function useFilledVariables(username, known) {
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const tab = useGraphiQL((state) => state.tabs[state.activeTabIndex]);
  useEffect(() => {
    if (!variableEditor) return;
    const variables = variableEditor.getValue();
    const filled = withIdToActOn(tab, writtenFor(username, tab, variables), known);
    if (filled !== variables) variableEditor.setValue(filled);
  }, [variableEditor, tab.id, username, JSON.stringify(listsOf(known))]);
}

/** All that a tab may act on: the balance changes too, and fills in nothing. */
const listsOf = (known) => Object.entries(known).filter(([, value]) => Array.isArray(value));
