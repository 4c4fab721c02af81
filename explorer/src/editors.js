import { useGraphiQL } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';

/** The same width as in explorer.css. In a narrower window the tools are above the editor and the text is smaller. */
const NARROW = matchMedia('(max-width: 560px)');

const WIDE_OPTIONS = { fontSize: 14, lineNumbers: 'on', lineDecorationsWidth: 10, folding: true };
const NARROW_OPTIONS = { fontSize: 11, lineNumbers: 'off', lineDecorationsWidth: 0, folding: false };

const subscribe = (listener) => {
  NARROW.addEventListener('change', listener);
  return () => NARROW.removeEventListener('change', listener);
};

/** Makes every line readable: 52 columns fit into a window of 1280 or 390 pixels, and longer lines wrap. */
export function useReadableEditors() {
  const editors = useGraphiQL((state) => [
    state.queryEditor,
    state.variableEditor,
    state.headerEditor,
    state.responseEditor,
  ]);
  const narrow = useSyncExternalStore(subscribe, () => NARROW.matches);
  useEffect(() => {
    const { lineNumbers, ...options } = narrow ? NARROW_OPTIONS : WIDE_OPTIONS;
    const common = { ...options, wordWrap: 'on', scrollbar: { verticalScrollbarSize: 8, horizontal: 'hidden' } };
    const [queryEditor, variableEditor, headerEditor, responseEditor] = editors;
    for (const editor of [queryEditor, variableEditor, headerEditor]) editor?.updateOptions({ ...common, lineNumbers });
    // These editors never have line numbers.
    responseEditor?.updateOptions(common);
  }, [narrow, ...editors]);
}

/** Scrolls the row of tabs so that the open tab is visible, also when it was opened from the bar. */
export function useOpenTabInView() {
  const id = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id);
  useEffect(() => {
    const tab = document.querySelector('.graphiql-tab-active');
    tab?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [id]);
}
