import { Alert } from '@mantine/core';
import { IconAlertCircle } from '@tabler/icons-react';
import type { Trouble } from '../lib/hooks';

/** What went wrong with the last attempt of a form, except what `shown` inputs show themselves. */
export function Troubles({ troubles, shown = [] }: { troubles: Trouble[]; shown?: string[] }) {
  return (
    <div role="alert">
      {troubles.filter(({ field }) => field === null || !shown.includes(field)).map(({ text }) => (
        <Alert key={text} color="red" variant="light" role="presentation" icon={<IconAlertCircle aria-hidden />} mt="xs">
          {text}
        </Alert>
      ))}
    </div>
  );
}
