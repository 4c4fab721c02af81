import { useGraphiQL } from '@graphiql/react';
import { useEffect, useSyncExternalStore } from 'react';

/** As wide as explorer.css has it: below this the tools are above the editor and the letters are smaller. */
const NARROW = matchMedia('(max-width: 560px)');

const WIDE_OPTIONS = { fontSize: 14, lineNumbers: 'on', lineDecorationsWidth: 10, folding: true };
const NARROW_OPTIONS = { fontSize: 11, lineNumbers: 'off', lineDecorationsWidth: 0, folding: false };

const subscribe = (listener) => {
  NARROW.addEventListener('change', listener);
  return () => NARROW.removeEventListener('change', listener);
};

/** Every line of every editor can be read: 52 columns fit on a window of 1280 or 390 pixels, longer lines wrap. */
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
    // Never numbered.
    responseEditor?.updateOptions(common);
  }, [narrow, ...editors]);
}

/** The tabs scroll sideways: the open one is always in view, also when it was opened from the bar. */
export function useOpenTabInView() {
  const id = useGraphiQL((state) => state.tabs[state.activeTabIndex]?.id);
  useEffect(() => {
    const tab = document.querySelector('.graphiql-tab-active');
    tab?.scrollIntoView({ block: 'nearest', inline: 'nearest' });
  }, [id]);
}
