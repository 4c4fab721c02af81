/** What is wrong with the explorer's page as it is now, in words. Runs in the page: it knows nothing outside itself. */
export function problemsOf({ narrow }) {
  const problems = [];
  const say = (element, what) => {
    const label = element.getAttribute('aria-label') ?? element.textContent.trim().slice(0, 40);
    problems.push(`${element.tagName.toLowerCase()}.${String(element.className).split(' ')[0]} "${label}" ${what}`);
  };
  const shown = (element) => {
    const { width, height } = element.getBoundingClientRect();
    return width > 0 && height > 0 && element.checkVisibility({ opacityProperty: true, visibilityProperty: true });
  };
  const all = (selector) => [...document.querySelectorAll(selector)].filter(shown);
  const box = (selector) => document.querySelector(selector).getBoundingClientRect();

  const root = document.scrollingElement;
  if (root.scrollWidth > root.clientWidth) problems.push(`the page is ${root.scrollWidth - root.clientWidth} px too wide`);
  if (root.scrollHeight > root.clientHeight) problems.push(`the page is ${root.scrollHeight - root.clientHeight} px too high`);

  const INSIDE =
    '.session-bar, .session-bar *, .graphiql-sidebar button, .graphiql-session-header, .graphiql-logo, ' +
    '.graphiql-tab-add, .graphiql-tab-active, .graphiql-toolbar button, .graphiql-editors, .graphiql-editor-tools button, ' +
    '.graphiql-query-editor .graphiql-editor, .graphiql-editor-tool, .graphiql-response, .result-window';
  for (const element of all(INSIDE)) {
    const { left, top, right, bottom } = element.getBoundingClientRect();
    if (left < -0.5 || top < -0.5 || right > innerWidth + 0.5 || bottom > innerHeight + 0.5) say(element, 'leaves the window');
  }
  for (const element of all('.session-bar, .session-bar *, .graphiql-toolbar, .graphiql-editor-tools')) {
    if (element.clientWidth && element.scrollWidth > element.clientWidth + 1) say(element, 'is cut');
  }

  // A line of text ends before the box that shows it.
  for (const editor of all('.monaco-editor')) {
    const { right } = editor.getBoundingClientRect();
    for (const line of editor.querySelectorAll('.view-line > span')) {
      if (line.getBoundingClientRect().right > right + 0.5) say(editor, `cuts "${line.textContent}"`);
    }
    if (editor.getBoundingClientRect().height < 48) say(editor, 'is too low to read');
  }

  const tab = box('.graphiql-tab-active');
  const strip = box('.graphiql-tabs');
  if (tab.left < strip.left - 8 || tab.right > strip.right + 8) problems.push('the open tab is not in view');

  const editors = box('.graphiql-editors');
  const response = box('.graphiql-response');
  if (narrow ? response.top < editors.bottom : response.left < editors.right) problems.push('the answer is covered');
  if (box('.graphiql-main').bottom > box('.session-bar').top + 0.5) problems.push('the bar covers the editors');
  const spans = all('.session-bar > *').map((element) => element.getBoundingClientRect());
  for (const [index, one] of spans.entries()) {
    for (const other of spans.slice(index + 1)) {
      const apart = one.right <= other.left || other.right <= one.left || one.bottom <= other.top || other.bottom <= one.top;
      if (!apart) problems.push('two parts of the bar cover one another');
    }
  }
  return problems;
}
