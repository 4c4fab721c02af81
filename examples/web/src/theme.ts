import { createTheme, type CSSVariablesResolver, Input } from '@mantine/core';

export const theme = createTheme({
  primaryColor: 'indigo',
  // White text on these shades has the contrast that WCAG AA asks for.
  primaryShade: { light: 8, dark: 8 },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  headings: { fontWeight: '650' },
  components: {
    // A refusal is read out when it appears.
    InputError: Input.Error.extend({ defaultProps: { role: 'alert' } }),
  },
});

/** Mantine's own dimmed text and placeholders are too pale for WCAG AA. */
export const variables: CSSVariablesResolver = () => ({
  variables: {},
  light: {
    '--mantine-color-body': '#f6f7fb',
    '--mantine-color-dimmed': '#596068',
    '--mantine-color-placeholder': '#6a7178',
    '--mantine-color-error': '#c92a2a',
    '--app-surface': '#ffffff',
  },
  dark: {
    '--mantine-color-body': '#15171d',
    '--mantine-color-dimmed': '#a9b1bb',
    '--mantine-color-placeholder': '#a0a6ae',
    '--mantine-color-error': '#ff8787',
    '--app-surface': '#1e2129',
  },
});
