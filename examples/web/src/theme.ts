import { createTheme, type CSSVariablesResolver, Input } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  // White text on these shades has the contrast that WCAG AA requires.
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '650' },
  components: {
    // Screen readers read a refusal when it appears.
    InputError: Input.Error.extend({ defaultProps: { role: 'alert' } }),
    Badge: { defaultProps: { tt: 'none', fw: 600 } },
    // Landmarks: lists open within the page's content, and the head of a dialog is not a banner.
    Select: { defaultProps: { comboboxProps: { withinPortal: false } } },
    MultiSelect: { defaultProps: { comboboxProps: { withinPortal: false } } },
    Modal: { defaultProps: { attributes: { header: { role: 'presentation' } } }, styles: { title: { fontWeight: 650 } } },
  },
});

/** Mantine's own dimmed text, placeholders and light badges are too pale for WCAG AA. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f7fb',
    '--mantine-color-dimmed': '#596068',
    '--mantine-color-placeholder': '#6a7178',
    '--mantine-color-error': '#c92a2a',
    '--mantine-color-orange-light-color': '#8f3208',
    '--mantine-color-yellow-light-color': '#714400',
    '--mantine-color-teal-light-color': '#055a40',
    '--mantine-color-blue-light-color': '#145591',
    '--mantine-color-red-light-color': '#a01f1f',
    '--mantine-color-gray-light-color': '#495057',
    '--app-surface': '#ffffff',
    '--app-income': '#087f5b',
  },
  dark: {
    '--mantine-color-body': '#15171d',
    '--mantine-color-dimmed': '#a9b1bb',
    '--mantine-color-placeholder': '#a0a6ae',
    '--mantine-color-error': '#ff8787',
    '--app-surface': '#1e2129',
    '--app-income': '#63e6be',
  },
});
